export { eventually } from "../../testing/waiting.ts";

export * from "./max_of.ts";
export * from "./max_with.ts";

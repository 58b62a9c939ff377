/**
 * The colours of people, which pages load without the rest of documents. The
 * package does not export them.
 *
 * @module
 */

export { luminanceOf, rgbOf } from "./color.ts";
export { hashOf, hueOf } from "./hue.ts";

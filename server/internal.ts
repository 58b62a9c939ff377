/**
 * What the folders of the server share and users of the package do not need.
 * The package does not export it.
 *
 * @module
 */

export { pause } from "./pause.ts";

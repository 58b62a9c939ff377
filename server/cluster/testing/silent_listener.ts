import type { BackboneListener } from "../mod.ts";

/** Whoever connects to look, and hears nothing. */
export const SILENT: BackboneListener = {
  onChange() {},
  onLease() {},
  onEnded() {},
  onMessage() {},
  onInterrupted() {},
};

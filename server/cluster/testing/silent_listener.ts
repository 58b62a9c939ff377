import type { BackboneListener } from "../mod.ts";

/** A listener that ignores everything: of a test that only looks. */
export const SILENT: BackboneListener = {
  onChange() {},
  onLease() {},
  onEnded() {},
  onMessage() {},
  onInterrupted() {},
};

import type { PresenceBackbone } from "../backbone.ts";

/** How a case of the suite comes to the backbone that it looks at. */
export interface BackboneHarness {
  /**
   * Gives the backbone as another process has it: asked twice, two backbones
   * that share everything, each with a client of its own if that is possible. A
   * backbone that lives in one process may give the same one each time.
   */
  open(): PresenceBackbone | Promise<PresenceBackbone>;
  /**
   * Has the backbone forget all that it holds, as a restart without a disk
   * does, under the feet of those who are connected.
   */
  forget(): void | Promise<void>;
}

import type { PresenceBackbone } from "../backbone.ts";

/** Gives a case of the suite access to a backbone. */
export interface BackboneHarness {
  /**
   * Returns the backbone as another process sees it: two calls return two
   * backbones that share everything, each with a client of its own if possible. A
   * backbone within one process may return the same one each time.
   */
  open(): PresenceBackbone | Promise<PresenceBackbone>;
  /**
   * Makes the backbone forget everything while nodes are connected, as a restart
   * without a disk does.
   */
  forget(): void | Promise<void>;
}

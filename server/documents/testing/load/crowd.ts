import type { CrowdOrder } from "./crowd_worker.ts";
import type { Joining, Tally } from "./load_client.ts";

/** Many people in their own thread. */
export class Crowd implements Disposable {
  readonly #worker = new Worker(new URL("crowd_worker.ts", import.meta.url), {
    type: "module",
  });

  /** Makes a crowd that has joined. */
  static async of(joining: Joining): Promise<Crowd> {
    const crowd = new Crowd();
    await crowd.#tell({ type: "join", joining });
    return crowd;
  }

  /** Starts to move their cursors. */
  async move(everyMs: number): Promise<void> {
    await this.#tell({ type: "move", everyMs });
  }

  /** Stops to move their cursors. */
  async rest(): Promise<void> {
    await this.#tell({ type: "rest" });
  }

  /** Returns what they have sent and received so far. */
  tally(): Promise<Tally> {
    return this.#tell({ type: "tally" });
  }

  /** Ends the thread and all connections. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #tell(order: CrowdOrder): Promise<Tally> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = reject;
      this.#worker.postMessage(order);
    });
  }
}

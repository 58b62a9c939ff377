import type { PresenceModel } from "../../../core/mod.ts";
import { PresenceServer, PresenceView } from "../../mod.ts";
import { eventually } from "../../testing/waiting.ts";
import { type Cluster, joinCluster, type PresenceBackbone } from "../mod.ts";

/** The activity of a person is a text of any length. */
interface TestModel extends PresenceModel {
  facets: { doing: string };
}

/** The context of all people. */
const CONTEXT = "doc-1";

/** The times that decide when a node is given up. */
export interface TestNodeOptions {
  /** How long without a renewal. */
  readonly leaseTtlMs?: number | undefined;
}

/** A server that has joined, and the events of a watcher. */
export class TestNode implements AsyncDisposable {
  /** The server. */
  readonly server: PresenceServer<TestModel> = new PresenceServer();
  /** The node. */
  readonly cluster: Cluster<TestModel>;
  /** The failures that it has reported. */
  readonly failures: unknown[] = [];
  /** The events of the watcher: `"joined ann"`, and so on. */
  readonly told: string[] = [];
  readonly #watching: Promise<void>;

  /**
   * @param node Its name.
   * @param backbone What it is connected by.
   */
  constructor(
    node: string,
    backbone: PresenceBackbone,
    { leaseTtlMs = 20_000 }: TestNodeOptions = {},
  ) {
    // What is given up is given up late, for this machine may be slow; what is
    // lost is found soon.
    this.cluster = joinCluster(this.server, backbone, {
      node,
      leaseTtlMs,
      renewalMs: 150,
      onError: (error) => this.failures.push(error),
    });
    this.#watching = this.#watch();
  }

  /** Publishes a person's arrival or another activity. */
  put(subject: string, doing = "editing"): void {
    this.server.receive({
      subject,
      context: CONTEXT,
      origin: `session/${subject}`,
      visibility: "public",
      observedAt: Date.now(),
      expiry: "never",
      facets: { doing },
    });
  }

  /** Publishes a person's departure. */
  remove(subject: string): void {
    const origin = `session/${subject}`;
    this.server.withdraw({ subject, context: CONTEXT, origin });
  }

  /** The people that are there, with their activities. */
  shows(): string[] {
    return this.server.store.snapshots({ context: CONTEXT })
      .map(({ subject, facets }) => `${subject} ${facets.doing}`).sort();
  }

  /** Ends without a goodbye, and leaves its lease and its rows behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.leave({ keep: true });
    this.server[Symbol.dispose]();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const view = new PresenceView<TestModel>();
    for await (const batch of this.server.watch({ context: CONTEXT })) {
      for (const { type, subject } of view.apply(batch)) {
        this.told.push(`${type} ${subject}`);
      }
    }
  }
}

/** Returns false departures that watchers have received. */
export function flaps(...nodes: readonly TestNode[]): string[] {
  return nodes.flatMap(({ told }) => told)
    .filter((told) => ["left ann", "left bob"].includes(told));
}

/** Waits until all nodes show the same people and activities. */
export async function allShow(
  nodes: readonly TestNode[],
  ...expected: readonly string[]
): Promise<void> {
  const wanted = JSON.stringify(expected.toSorted());
  await eventually(
    () => nodes.every((node) => JSON.stringify(node.shows()) === wanted),
    `all show ${wanted}`,
  ).catch((error) => {
    const shown = nodes.map((node) => node.shows().join(", ")).join("; ");
    throw new Error(`${error.message}, but they show ${shown}`);
  });
}

/** Waits until all nodes are connected, or isolated. */
export async function allAre(
  nodes: readonly TestNode[],
  status: "connected" | "isolated",
): Promise<void> {
  await eventually(
    () => nodes.every(({ cluster }) => cluster.status === status),
    `all are ${status}`,
  );
}

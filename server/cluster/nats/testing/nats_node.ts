import type { NatsConnection } from "@nats-io/nats-core";
import { NatsServer } from "../../testing/nats_server.ts";
import {
  allShow,
  TestNode,
  type TestNodeOptions,
} from "../../testing/test_node.ts";
import { NatsBackbone, type NatsBackboneOptions } from "../mod.ts";

/** How a node is started. */
export interface NatsNodeOptions extends NatsBackboneOptions, TestNodeOptions {
  /** Where its client connects: to a server, or to a proxy. */
  readonly to: { readonly port: number };
}

/** A server that has joined by NATS. */
export class NatsNode extends TestNode {
  /** Its connection. */
  readonly nats: NatsConnection;
  /** What the backbone has complained of. */
  readonly errors: readonly unknown[];

  private constructor(
    nats: NatsConnection,
    node: string,
    { to: _, leaseTtlMs, ...options }: NatsNodeOptions,
  ) {
    const errors: unknown[] = [];
    const backbone = new NatsBackbone(nats, {
      timeoutMs: 2_000,
      onError: (error) => errors.push(error),
      ...options,
    });
    super(node, backbone, { leaseTtlMs });
    this.nats = nats;
    this.errors = errors;
  }

  /** Starts one. */
  static async start(
    node: string,
    options: NatsNodeOptions,
  ): Promise<NatsNode> {
    const nats = await NatsServer.dial({ port: options.to.port });
    return new NatsNode(nats, node, options);
  }

  /** Ends without a goodbye: its lease and its rows are left behind. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.nats.close();
  }
}

/** Two nodes, and somebody at each. */
export async function pair(
  options: NatsNodeOptions,
): Promise<[NatsNode, NatsNode] & AsyncDisposable> {
  const a = await NatsNode.start("a", options);
  const b = await NatsNode.start("b", options);
  a.put("ann");
  b.put("bob");
  await allShow([a, b], "ann editing", "bob editing");
  return Object.assign<[NatsNode, NatsNode], AsyncDisposable>([a, b], {
    async [Symbol.asyncDispose]() {
      await Promise.all([a, b].map((node) => node[Symbol.asyncDispose]()));
    },
  });
}

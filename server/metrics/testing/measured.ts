import { FakeTime } from "@std/testing/time";
import type { PresenceUpdate } from "../../../core/mod.ts";
import {
  type Cluster,
  joinCluster,
  MemoryBackbone,
} from "../../cluster/mod.ts";
import { createHttpHandler, type MeasuredHttpHandler } from "../../http/mod.ts";
import { PresenceServer } from "../../mod.ts";
import { PhoenixEndpoint } from "../../phoenix/mod.ts";
import { flush } from "../../testing/harness.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import { PresenceMetrics, type PresenceMetricsOptions } from "../mod.ts";
import { lineOf, parseExposition } from "./exposition.ts";

/** Starts all sources in fake time, and their metrics. */
export class Measured implements AsyncDisposable {
  readonly time = new FakeTime(1_000_000);
  readonly server = new PresenceServer<TopicModel>({ graceMs: 1_000 });
  readonly handler: MeasuredHttpHandler = createHttpHandler(this.server);
  readonly endpoint = new PhoenixEndpoint(new TopicPresence(this.server), {
    onError() {},
  });
  readonly backbone = new MemoryBackbone();
  readonly cluster: Cluster<TopicModel>;
  readonly documents = { stats: { coalesced: 0, statesResent: 0 } };
  readonly metrics: PresenceMetrics;

  constructor(options: Partial<PresenceMetricsOptions> = {}) {
    this.cluster = joinCluster(this.server, this.backbone, {
      node: "a",
      onError() {},
    });
    this.metrics = new PresenceMetrics({
      server: this.server,
      http: this.handler,
      phoenix: this.endpoint,
      cluster: this.cluster,
      documents: this.documents,
      ...options,
    });
  }

  /** Publishes an update; by default alice is in doc-1. */
  receive(fields: Partial<PresenceUpdate<TopicModel>> = {}): void {
    this.server.receive({
      subject: "alice",
      context: "doc-1",
      origin: "tab",
      visibility: "public",
      observedAt: this.server.now,
      expiry: "never",
      facets: {},
      ...fields,
    });
  }

  /** Lets time pass, and its effects happen. */
  async pass(ms = 0): Promise<void> {
    await this.time.tickAsync(ms);
    await flush();
  }

  /** Returns the samples of a scrape or of one metric, each in one line. */
  async scrape(name = ""): Promise<string[]> {
    return await scrape(this.metrics, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.leave();
    this.endpoint[Symbol.dispose]();
    this.server[Symbol.dispose]();
    this.time.restore();
  }
}

/** Returns the samples of a scrape or of one metric, each in one line. */
export async function scrape(
  metrics: PresenceMetrics,
  name = "",
): Promise<string[]> {
  return parseExposition(await metrics.text())
    .filter((family) => name === "" || family.name === name)
    .flatMap(({ samples }) => samples.map(lineOf));
}

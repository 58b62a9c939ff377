import { type PresenceBatch, viewerPolicy, type Watch } from "../mod.ts";
import { type Mirror, mirrorOf } from "./mirror.ts";
import { takeEvents, type TopicEvent } from "./topic_event.ts";
import type { TopicModel, TopicServer, TopicViewer } from "./topic_model.ts";

/**
 * The events of a topic from the call on that made this, whenever they are
 * read. It holds a mirror of the topic, and of what is yet to be read no more
 * than the server does.
 */
export class TopicEvents<Meta> implements Watch<TopicEvent<Meta>> {
  readonly #server: TopicServer;
  readonly #signal: AbortSignal | undefined;
  readonly #watch: Watch<PresenceBatch<TopicModel>>;
  readonly #events: AsyncGenerator<TopicEvent<Meta>, void>;

  /** Makes the events of a topic, as a viewer sees them. */
  constructor(
    server: TopicServer,
    topic: string,
    viewer: TopicViewer,
    signal: AbortSignal | undefined,
  ) {
    const visible = viewerPolicy(viewer);
    const mirror = mirrorOf(server, { context: topic, visible });
    const since = mirror.position;
    this.#server = server;
    this.#signal = signal;
    this.#watch = server.watch({ context: topic, viewer, since, signal });
    this.#events = this.#read(mirror);
  }

  /** Waits for the next event. Calls are answered one after the other. */
  next(): Promise<IteratorResult<TopicEvent<Meta>, void>> {
    return this.#events.next();
  }

  /** Ends. */
  async return(): Promise<IteratorResult<TopicEvent<Meta>, void>> {
    // The watch first: a generator would sit out the wait that it is in.
    await this.#watch[Symbol.asyncDispose]();
    return this.#events.return();
  }

  /** It is its own iterator. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async *#read(mirror: Mirror): AsyncGenerator<TopicEvent<Meta>, void> {
    for await (const batch of this.#watch) {
      for (const { event } of takeEvents<Meta>(mirror, batch)) {
        if (this.#server.closed || this.#signal?.aborted) return;
        yield event;
      }
    }
  }
}

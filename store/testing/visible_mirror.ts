import {
  assert,
  assertEquals,
  assertFalse,
  assertStrictEquals,
} from "@std/assert";
import type {
  EntryKey,
  Key,
  PresenceModel,
  PresenceSnapshot,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type { PresenceStore, VisibleChange, WatcherCursor } from "../mod.ts";
import { keyText } from "./text.ts";

/**
 * A mirror of the entries that a policy makes visible, fed by polls alone. It
 * throws if a change reveals anything that the policy hides, or an entry that
 * the mirror can't have.
 */
export class VisibleMirror<M extends PresenceModel> {
  readonly #store: PresenceStore<M>;
  readonly #visible: VisibilityPolicy<M["label"], M["subject"]>;
  readonly #context: M["context"] | undefined;
  readonly #snapshots = new Map<string, PresenceSnapshot<M>>();
  #cursor: WatcherCursor;

  constructor(
    store: PresenceStore<M>,
    visible: VisibilityPolicy<M["label"], M["subject"]>,
    context: M["context"] | undefined,
  ) {
    this.#store = store;
    this.#visible = visible;
    this.#context = context;
    this.#cursor = store.watcherCursor("zero");
  }

  /** Applies the changes; returns whether there was a gap. */
  poll(): boolean {
    const options = { context: this.#context, visible: this.#visible };
    const status = this.#cursor.status(this.#store, options);
    const result = this.#cursor.poll(this.#store, options);
    if (result.type === "gap") {
      assertEquals(status, result, "status of a gap");
      this.rebuild();
    } else {
      const expected = result.changes.length > 0 ? "pending" : "up-to-date";
      assertEquals(status, expected, "status");
      assertEquals(result.position.sequence, this.#store.lastSequence);
      let last = 0;
      for (const change of result.changes) {
        assert(last < change.sequence, "changes out of order");
        last = change.sequence;
        this.#take(change);
      }
    }
    this.#assertEqualsRead();
    return result.type === "gap";
  }

  /** Restarts from a read and a cursor at the tail. */
  rebuild(): void {
    this.#snapshots.clear();
    for (const snapshot of this.#read()) {
      this.#snapshots.set(textOfKey(snapshot), snapshot);
    }
    this.#cursor = this.#store.watcherCursor("tail");
  }

  #take(change: VisibleChange<M>): void {
    if (change.type === "hidden") {
      assertNames(change, ["key", "sequence", "type"]);
      assertNames(change.key, ["context", "origin", "resource", "subject"]);
      this.#forget(change.key);
      return;
    }
    const { previous } = change;
    if (previous !== undefined) {
      this.#assertAllowed(previous);
      // It is the mirror's own snapshot: nothing in between is lost.
      assertStrictEquals(this.#snapshots.get(textOfKey(previous)), previous);
    }
    switch (change.type) {
      case "published": {
        const { update, snapshot } = change;
        assertNames(
          change,
          ["previous", "sequence", "snapshot", "type", "update"],
        );
        this.#assertAllowed(snapshot);
        this.#assertAllowed({ ...update, subject: snapshot.subject });
        assertEquals(textOfKey(update), textOfKey(snapshot));
        const key = textOfKey(snapshot);
        assertEquals(this.#snapshots.has(key), previous !== undefined);
        this.#snapshots.set(key, snapshot);
        return;
      }
      case "facetsExpired":
        assertNames(
          change,
          ["facets", "previous", "sequence", "snapshot", "type"],
        );
        this.#assertAllowed(change.snapshot);
        for (const name of change.facets) {
          assert(Object.hasOwn(change.previous.facets, name));
          assertFalse(Object.hasOwn(change.snapshot.facets, name));
        }
        this.#snapshots.set(textOfKey(change.snapshot), change.snapshot);
        return;
      default:
        assertNames(change, ["previous", "seenAt", "sequence", "type"]);
        this.#forget(change.previous);
    }
  }

  /** Checks that only an entry in the mirror is removed. */
  #forget(key: EntryKey<M>): void {
    assert(this.#snapshots.delete(textOfKey(key)), "a key that was never seen");
  }

  #assertAllowed(
    { visibility, subject, context }: Pick<
      PresenceSnapshot<M>,
      "visibility" | "subject" | "context"
    >,
  ): void {
    assert(this.#visible(visibility, subject), "a forbidden snapshot");
    assert(
      this.#context === undefined || this.#context === context,
      "a snapshot of another context",
    );
  }

  #assertEqualsRead(): void {
    const read = this.#read();
    assertEquals(this.#snapshots.size, read.length, "size of the mirror");
    for (const snapshot of read) {
      this.#assertAllowed(snapshot);
      // The store returns its own objects, so it is the same one.
      assertStrictEquals(this.#snapshots.get(textOfKey(snapshot)), snapshot);
    }
  }

  #read(): PresenceSnapshot<M>[] {
    const context = this.#context;
    return this.#store.snapshots({ context, visible: this.#visible });
  }
}

function assertNames(value: object, sorted: readonly string[]): void {
  assertEquals(Object.keys(value).sort(), sorted, "names in a change");
}

/** Returns a text that is unique for a key. */
function textOfKey({ subject, context, resource, origin }: EntryKey): string {
  const parts: readonly (Key | undefined)[] = [
    subject,
    context,
    resource,
    origin,
  ];
  return keyText(parts);
}

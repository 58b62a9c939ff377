import type {
  EntryKey,
  Key,
  PresenceModel,
  PresenceSnapshot,
} from "../../core/mod.ts";
import {
  DEFAULT_PROJECTION,
  EntryTree,
  type Leaf,
  type ProjectionPolicy,
  type SubjectSummary,
  summarize,
} from "../../store/mod.ts";

interface ViewedEntry<M extends PresenceModel> extends Leaf {
  snapshot: PresenceSnapshot<M>;
}

/** What readers have read of a subject since its last change. */
interface SubjectReads<M extends PresenceModel> {
  readonly snapshots: readonly PresenceSnapshot<M>[];
  /** The summaries, by their ranks. */
  summaries?: WeakMap<ProjectionPolicy, SubjectSummary<M>>;
}

/**
 * The entries of one context in a mirror, and a cache of what was read of them:
 * a read returns the same object until its content changes.
 */
export class ViewedContext<M extends PresenceModel> {
  readonly #entries = new EntryTree<ViewedEntry<M>>();
  #subjects: readonly M["subject"][] | undefined;
  #snapshots: readonly PresenceSnapshot<M>[] | undefined;
  #bySubject: Map<Key, SubjectReads<M>> | undefined;

  /** The number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** Returns the snapshot of an entry. O(1). */
  get(key: EntryKey<M>): PresenceSnapshot<M> | undefined {
    return this.#entries.get(key)?.snapshot;
  }

  /** Reports whether a subject has an entry. O(1). */
  hasSubject(subject: M["subject"]): boolean {
    return this.#entries.hasSubject(subject);
  }

  /** Sets an entry. O(1). */
  set(snapshot: PresenceSnapshot<M>): void {
    const { subject } = snapshot;
    const entry = this.#entries.get(snapshot);
    if (entry !== undefined) {
      entry.snapshot = snapshot;
    } else {
      if (!this.hasSubject(subject)) this.#subjects = undefined;
      this.#entries.add({ snapshot });
    }
    this.#changed(subject);
  }

  /** Removes an entry. O(1). */
  delete(key: EntryKey<M>): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(entry);
    if (!this.hasSubject(key.subject)) this.#subjects = undefined;
    this.#changed(key.subject);
  }

  /** Lists the subjects in the order they joined. */
  subjects(): readonly M["subject"][] {
    return this.#subjects ??= [...this.#entries.subjects()];
  }

  /** Lists the snapshots, all or those of a subject. */
  snapshots(
    subject: M["subject"] | undefined,
  ): readonly PresenceSnapshot<M>[] {
    if (subject !== undefined) return this.#readsOf(subject)?.snapshots ?? NONE;
    if (this.#snapshots === undefined) {
      const snapshots: PresenceSnapshot<M>[] = [];
      this.#entries.forEach((entry) => snapshots.push(entry.snapshot));
      this.#snapshots = snapshots;
    }
    return this.#snapshots;
  }

  /** Returns the summary of a subject, if it has an entry. */
  summary(
    subject: M["subject"],
    projection: ProjectionPolicy = DEFAULT_PROJECTION,
  ): SubjectSummary<M> | undefined {
    const reads = this.#readsOf(subject);
    if (reads === undefined) return undefined;
    const known = reads.summaries?.get(projection);
    if (known !== undefined) return known;
    const summary = summarize(reads.snapshots, projection);
    if (summary === undefined) return undefined;
    reads.summaries ??= new WeakMap();
    reads.summaries.set(projection, summary);
    return summary;
  }

  #readsOf(subject: M["subject"]): SubjectReads<M> | undefined {
    const known = this.#bySubject?.get(subject);
    if (known !== undefined) return known;
    const snapshots = this.#entries.of(subject)
      .map(({ snapshot }) => snapshot);
    if (snapshots.length === 0) return undefined;
    const reads = { snapshots };
    this.#bySubject ??= new Map();
    this.#bySubject.set(subject, reads);
    return reads;
  }

  #changed(subject: M["subject"]): void {
    this.#snapshots = undefined;
    this.#bySubject?.delete(subject);
  }
}

const NONE: readonly never[] = [];

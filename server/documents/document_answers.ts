import {
  compareKeys,
  type PresenceSnapshot,
  type Timestamp,
} from "../../core/mod.ts";
import { groupBy } from "../internal.ts";
import type { DocumentModel } from "./document_model.ts";
import type { DocumentUser } from "./people/document_user.ts";
import { lastActiveAtOf } from "./people/person.ts";

/** The people in a document, on all servers together. */
export interface ActiveUsers {
  /** The people, in the order of their ids. */
  readonly users: readonly DocumentUser[];
  /** Whether the list is complete: `false` if a server could not be asked. */
  readonly isComplete: boolean;
}

/** A document that a person is in. */
export interface DocumentOfUser {
  /** The id of the document. */
  readonly documentId: string;
  /** The time of their last activity in it. */
  readonly lastActiveAt: Timestamp;
}

/** The documents that a person is in, on all servers together. */
export interface DocumentsOfUser {
  /** The documents, in the order of their ids. */
  readonly documents: readonly DocumentOfUser[];
  /** Whether the list is complete: `false` if a server could not be asked. */
  readonly isComplete: boolean;
}

/** A document with people in it. */
export interface ActiveDocument {
  /** The id of the document. */
  readonly documentId: string;
  /** How many people are in it. */
  readonly users: number;
  /** The time of the last activity in it, or up to five seconds earlier. */
  readonly lastActiveAt: Timestamp;
}

/** The documents of a workspace that have people in them. */
export interface ActiveDocuments {
  /** The documents, in the order of their ids. */
  readonly documents: readonly ActiveDocument[];
  /** Whether the list is complete: `false` if a server could not be asked. */
  readonly isComplete: boolean;
}

/** How many people are in documents. */
export interface DocumentCounts {
  /** The counts by id; 0 for an empty document. */
  readonly counts: ReadonlyMap<string, number>;
  /** Whether all are counted: `false` if a server could not be asked. */
  readonly isComplete: boolean;
}

/**
 * Sums up documents from entries that belong to them.
 *
 * @param snapshots The entries.
 * @param documentIdOf Returns the document of an entry, if it belongs to one.
 * @param now The current time.
 * @returns The documents, in the order of their ids.
 */
export function documentsIn(
  snapshots: readonly PresenceSnapshot<DocumentModel>[],
  documentIdOf: (snapshot: PresenceSnapshot<DocumentModel>) => unknown,
  now: Timestamp,
): ActiveDocument[] {
  return [...groupBy(snapshots, documentIdOf)].flatMap(([documentId, own]) => {
    if (typeof documentId !== "string") return [];
    const users = new Set(own.map(({ subject }) => subject)).size;
    const lastActiveAt = own.map((snapshot) => lastActiveAtOf(snapshot, now))
      .reduce((a, b) => Math.max(a, b));
    return [{ documentId, users, lastActiveAt }];
  }).sort((a, b) => compareKeys(a.documentId, b.documentId));
}

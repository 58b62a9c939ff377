import {
  documentContext,
  documentIdOf,
  type DocumentStats,
  workspaceContext,
} from "../documents/mod.ts";
import type { Instruments, Labels } from "./instruments.ts";
import type { MeasuredServer } from "./sources.ts";

/** In seconds: what people take for at once, and what they notice. */
const LATENCY_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1];

/** Measures documents; gives what to call with the latency of a cursor. */
export function measureDocuments(
  instruments: Instruments,
  stats: () => DocumentStats | undefined,
): (seconds: number) => void {
  instruments.counter(
    "document_events_coalesced_total",
    "Events of documents that a later one has replaced before they were read.",
    "documents",
    () => stats()?.coalesced,
  );
  return instruments.histogram(
    "cursor_update_latency_seconds",
    "From the receipt of a cursor to its broadcast.",
    LATENCY_BUCKETS,
  );
}

/** Tells of the largest documents and workspaces, so many of each at most. */
export function nameDocuments(
  instruments: Instruments,
  server: MeasuredServer,
  limit: number,
): void {
  instruments.gauges(
    "presence_document_active_users",
    "People in each of the largest documents.",
    ["document_id"],
    () =>
      largest(server, limit, (context) => {
        const document_id = documentIdOf(context);
        return document_id === undefined ? undefined : { document_id };
      }),
  );
  instruments.gauges(
    "presence_workspace_active_users",
    "People in the documents of each of the largest workspaces.",
    ["workspace_id"],
    () =>
      largest(server, limit, (context) => {
        const workspace_id = workspaceIdOf(context);
        return workspace_id === undefined ? undefined : { workspace_id };
      }),
  );
}

/**
 * Tells of the people in the largest documents as Materi does: by document and
 * workspace. Who is in a document without a workspace is in `""`.
 */
export function measurePeople(
  instruments: Instruments,
  server: MeasuredServer,
  limit: number,
): void {
  instruments.gauges(
    "presence_active_users",
    "Number of active users per document.",
    ["document_id", "workspace_id"],
    () => {
      const documents = largest(server, limit, (context) => {
        const document_id = documentIdOf(context);
        return document_id === undefined ? undefined : { document_id };
      });
      return documents.flatMap(([{ document_id = "" }]) =>
        peopleIn(server, document_id)
      );
    },
  );
}

/** How many people are in a document, by their workspaces. O(entries). */
function peopleIn(
  { store }: MeasuredServer,
  document_id: string,
): (readonly [Labels, number])[] {
  const context = documentContext(document_id);
  const workspaces = new Map(
    store.snapshots({ context }).map(({ subject, facets }) => {
      const known = "workspace" in facets ? facets.workspace : undefined;
      return [subject, typeof known === "string" ? known : ""];
    }),
  );
  const people = new Map<string, number>();
  for (const workspace of workspaces.values()) {
    people.set(workspace, (people.get(workspace) ?? 0) + 1);
  }
  return [...people].map(([workspace_id, count]) => [
    { document_id, workspace_id },
    count,
  ]);
}

const WORKSPACE = workspaceContext("");

function workspaceIdOf(context: string): string | undefined {
  return context.startsWith(WORKSPACE)
    ? context.slice(WORKSPACE.length)
    : undefined;
}

/** The contexts with labels that most are in. O(contexts). */
function largest(
  { store }: MeasuredServer,
  limit: number,
  labelsOf: (context: string) => Labels | undefined,
): (readonly [Labels, number])[] {
  return store.contexts()
    .flatMap((context): [Labels, number][] => {
      const labels = typeof context === "string"
        ? labelsOf(context)
        : undefined;
      if (labels === undefined) return [];
      return [[labels, store.count(context).subjects]];
    })
    .sort(([, a], [, b]) => b - a)
    .slice(0, limit);
}

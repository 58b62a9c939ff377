import {
  documentContext,
  documentIdOf,
  workspaceContext,
} from "../documents/mod.ts";
import type { Labelled, Metric } from "./instruments.ts";
import type { MeasuredServer } from "./sources.ts";

/** How many people the largest documents and workspaces have, by their ids. */
export function largestMetrics(
  server: MeasuredServer,
  limit: number,
): Metric[] {
  return [
    [
      "presence_document_active_users",
      "People in each of the largest documents.",
      { server: () => largest(server, limit, documentIdOf) },
      "document_id",
    ],
    [
      "presence_workspace_active_users",
      "People in the documents of each of the largest workspaces.",
      { server: () => largest(server, limit, workspaceIdOf) },
      "workspace_id",
    ],
  ];
}

/**
 * How many people the largest documents have, as Materi tells it: by document
 * and workspace. Who is in a document without a workspace is in `""`.
 */
export function materiMetric(server: MeasuredServer, limit: number): Metric {
  return [
    "presence_active_users",
    "Number of active users per document.",
    {
      server: () =>
        Object.keys(largest(server, limit, documentIdOf))
          .flatMap((id) => peopleIn(server, id)),
    },
    "document_id",
    "workspace_id",
  ];
}

/** How many people are in a document, by their workspaces. O(entries). */
function peopleIn({ store }: MeasuredServer, document_id: string): Labelled[] {
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

/** The ids that most people are in, and how many. O(contexts). */
function largest(
  { store }: MeasuredServer,
  limit: number,
  idOf: (context: string) => string | undefined,
): Readonly<Record<string, number>> {
  const people = store.contexts().flatMap((context) => {
    const id = typeof context === "string" ? idOf(context) : undefined;
    if (id === undefined) return [];
    return [[id, store.count(context).subjects] as const];
  });
  return Object.fromEntries(
    people.sort(([, a], [, b]) => b - a).slice(0, limit),
  );
}

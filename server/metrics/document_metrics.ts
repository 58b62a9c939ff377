import {
  documentContext,
  documentIdOf,
  workspaceContext,
} from "../documents/mod.ts";
import type { Labelled, Metrics } from "./instruments.ts";
import type { MeasuredServer } from "./sources.ts";

/** Returns the metrics of the largest documents and workspaces. */
export function largestMetrics(
  server: MeasuredServer,
  limit: number,
): Metrics {
  return {
    presence_document_active_users: [
      "Subjects in each of the largest documents, hidden ones included.",
      { server: () => largest(server, limit, documentIdOf) },
      "document_id",
    ],
    presence_workspace_active_users: [
      "Subjects in the documents of each of the largest workspaces.",
      { server: () => largest(server, limit, workspaceIdOf) },
      "workspace_id",
    ],
  };
}

/**
 * Returns the number of people in the largest documents in the format of Materi:
 * by document and workspace. People without a workspace are counted under the
 * label `""`.
 */
export function materiMetrics(server: MeasuredServer, limit: number): Metrics {
  return {
    presence_active_users: [
      "Number of active users per document.",
      {
        server: () =>
          Object.keys(largest(server, limit, documentIdOf))
            .flatMap((id) => peopleIn(server, id)),
      },
      "document_id",
      "workspace_id",
    ],
  };
}

/** Counts the people in a document by workspace, each once. O(entries). */
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

/** Returns the ids with the most people, and their numbers. O(n log n). */
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

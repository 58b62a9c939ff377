import type {
  PresenceModel,
  PresenceUpdate,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type { Changes, ChangesResult, Gap } from "../mod.ts";

/** The model of the tests: a typing flag and a cursor. */
export interface TestModel extends PresenceModel {
  facets: { typing: boolean; cursor: { line: number } };
}

/** Makes an update of Alice, with some fields changed. */
export function update(
  but: Partial<PresenceUpdate<TestModel>> = {},
): PresenceUpdate<TestModel> {
  return {
    subject: "alice",
    context: "doc",
    origin: "session",
    visibility: "public",
    observedAt: 100,
    expiry: "never",
    facets: {},
    ...but,
  };
}

/** The key of that update's entry. */
export const ALICE = {
  subject: "alice",
  context: "doc",
  resource: undefined,
  origin: "session",
};

/** Makes only public entries visible. */
export const publicOnly: VisibilityPolicy = (visibility) =>
  visibility === "public";

/** Returns the changes, or throws for a gap. */
export function changesOf<M extends PresenceModel>(
  result: ChangesResult<M>,
): Changes<M>["changes"] {
  if (result.type === "changes") return result.changes;
  throw new Error(`Expected changes: received ${JSON.stringify(result)}`);
}

/** Returns the types and sequences of changes. */
export function outline<M extends PresenceModel>(
  result: ChangesResult<M>,
): string[] | Gap {
  if (result.type === "gap") return result;
  return result.changes.map(({ type, sequence }) => `${type} ${sequence}`);
}

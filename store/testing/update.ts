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

/** An update of Alice's, but for what is said otherwise. */
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

/** Lets only public entries be seen. */
export const publicOnly: VisibilityPolicy = (visibility) =>
  visibility === "public";

/** The result, if it is not a gap. */
export function changesOf<M extends PresenceModel>(
  result: ChangesResult<M>,
): Changes<M>["changes"] {
  if (result.type === "changes") return result.changes;
  throw new Error(`Expected changes: received ${JSON.stringify(result)}`);
}

/** What the changes are, in short: their types and sequences. */
export function outline<M extends PresenceModel>(
  result: ChangesResult<M>,
): string[] | Gap {
  if (result.type === "gap") return result;
  return result.changes.map(({ type, sequence }) => `${type} ${sequence}`);
}

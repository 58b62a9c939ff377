/** The kinds of what is refused; those that HTTP has too have its names. */
export type RejectionKind =
  | "invalid-request"
  | "unauthorized"
  | "refused"
  | "not-found"
  | "context-at-capacity"
  | "too-large"
  | "misdirected"
  | "too-many-requests"
  | "internal-error"
  | "closed";

/** What a client asked for and does not get; it becomes an error reply. */
export class Refusal extends Error {
  /** What kind of refusal it is, for whoever counts. */
  readonly kind: RejectionKind;

  /** Makes the refusal; the message is the reason that the client is told. */
  constructor(reason: string, kind: RejectionKind = "invalid-request") {
    super(reason);
    this.name = "Refusal";
    this.kind = kind;
  }
}

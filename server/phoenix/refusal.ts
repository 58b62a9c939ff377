/** What a client asked for and does not get; it becomes an error reply. */
export class Refusal extends Error {
  /** Makes the refusal; the message is the reason that the client is told. */
  constructor(reason: string) {
    super(reason);
    this.name = "Refusal";
  }
}

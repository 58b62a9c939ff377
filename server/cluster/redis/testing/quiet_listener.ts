import type { BackboneListener, Lease, RowWrite } from "../../mod.ts";

/** A listener that counts interruptions, and ignores everything else. */
export class QuietListener implements BackboneListener {
  /** How often the connection was interrupted. */
  interruptions = 0;

  onChange(): void {}
  onLease(): void {}
  onEnded(): void {}
  onMessage(): void {}
  onInterrupted(): void {
    this.interruptions++;
  }
}

/** A lease as it is acquired. */
export function leaseOf(node: string, epoch = `${node}/1`): Lease {
  return { node, epoch, count: 1, announced: "", written: [] };
}

/** A row of somebody in doc-1. */
export function putOf(subject: string, value = "1", age = 0): RowWrite {
  const id = JSON.stringify([subject, "tab", `session/${subject}`]);
  return { type: "put", context: '"doc-1"', id, value, age };
}

/** The end of that row. */
export function retractOf(subject: string): RowWrite {
  const { context, id } = putOf(subject);
  return { type: "retract", context, id };
}

import type { RejectionKind } from "./refusal.ts";

/** Why sockets are closed that read too slowly, or not at all. */
export type DropKind = "slow" | "dead";

/** What has happened at an endpoint since it was made, and how it stands. */
export interface PhoenixStats {
  /** Sockets that are open now. */
  readonly sockets: number;
  /** Messages that have come in, heartbeats and unreadable ones too. */
  readonly received: number;
  /** Messages, and requests for a socket, that were refused, by kind. */
  readonly rejected: ReadonlyMap<RejectionKind, number>;
  /** Frames that were left out because their reader was behind. */
  readonly framesLeftOut: number;
  /** How often a state was sent anew to a reader that had been behind. */
  readonly statesResent: number;
  /** Sockets that were closed because of how they read. */
  readonly dropped: ReadonlyMap<DropKind, number>;
  /** Bytes that wait to be sent to the slowest reader now. */
  readonly backlogBytes: number;
}

/** Counts what happens at an endpoint. */
export class PhoenixTally {
  /** See {@linkcode PhoenixStats}. */
  readonly rejected: Map<RejectionKind, number> = new Map();
  /** See {@linkcode PhoenixStats}. */
  readonly dropped: Map<DropKind, number> = new Map();
  /** See {@linkcode PhoenixStats}. */
  received = 0;
  /** See {@linkcode PhoenixStats}. */
  framesLeftOut = 0;
  /** See {@linkcode PhoenixStats}. */
  statesResent = 0;

  /** Counts what is refused. */
  refused(kind: RejectionKind): void {
    this.rejected.set(kind, (this.rejected.get(kind) ?? 0) + 1);
  }

  /** Counts a socket that is closed because of how it reads. */
  droppedFor(kind: DropKind): void {
    this.dropped.set(kind, (this.dropped.get(kind) ?? 0) + 1);
  }
}

import type { RejectionKind } from "./refusal.ts";

/** Why a socket was closed: it reads too slowly, or not at all. */
export type DropKind = "slow" | "dead";

/** What has happened at an endpoint since it was made, and its state now. */
export interface PhoenixStats {
  /** Sockets that are open now. */
  readonly sockets: number;
  /** Messages received, with heartbeats and unreadable ones. */
  readonly received: number;
  /** Messages, and requests for a socket, that were refused, by kind. */
  readonly rejected: ReadonlyMap<RejectionKind, number>;
  /** Frames left out because their reader was behind. */
  readonly framesLeftOut: number;
  /** How many times a reader that was behind got a new state. */
  readonly statesResent: number;
  /** Sockets closed because of how they read. */
  readonly dropped: ReadonlyMap<DropKind, number>;
  /** Bytes that wait to be sent to the slowest reader. */
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

  /** Counts a refusal. */
  countRefusal(kind: RejectionKind): void {
    this.rejected.set(kind, (this.rejected.get(kind) ?? 0) + 1);
  }

  /** Counts a socket closed because of how it reads. */
  countDrop(kind: DropKind): void {
    this.dropped.set(kind, (this.dropped.get(kind) ?? 0) + 1);
  }
}

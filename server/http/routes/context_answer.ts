import type { Key } from "../../../core/mod.ts";
import { HttpProblem, JSON_HEADERS } from "../wire/problem.ts";
import type { ContextAnswer, WireSummary } from "../wire/wire.ts";
import { type Ask, assertOpen, assertStillIn, json } from "./exchange.ts";

const encoder = new TextEncoder();

/** A part of a list of summaries. */
export interface SummaryPart {
  /** The summaries. */
  readonly summaries: readonly WireSummary[];
  /** Whether no part follows. */
  readonly last: boolean;
  /** With the last part: where the next page begins, if there is one. */
  readonly next: Key | undefined;
}

/**
 * Creates an answer that lists a context. If the list has several parts, the
 * answer is a stream that takes each of them when the reader asks for it: other
 * requests have their turn between two parts, and a reader that stalls holds one
 * at most. The stream fails when the rights of the actor end, or the server is
 * closed.
 */
export function contextAnswer(
  ask: Ask,
  head: Omit<ContextAnswer, "summaries" | "next">,
  parts: Generator<SummaryPart, void>,
): Response {
  const { value: first } = parts.next();
  if (first === undefined || first.last) {
    const { summaries = [], next } = first ?? {};
    return json({ ...head, summaries, next });
  }
  const { service, actor, request } = ask;
  let opening: string | undefined = openingOf(head, first);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      try {
        assertStillIn(actor);
        assertOpen(service.server);
        if (opening !== undefined) {
          controller.enqueue(encoder.encode(opening));
          opening = undefined;
          return;
        }
        const { value: part } = parts.next();
        if (part !== undefined) {
          controller.enqueue(encoder.encode(textOf(part)));
        }
        if (part === undefined || part.last) controller.close();
      } catch (error) {
        if (!(error instanceof HttpProblem)) service.report(error, request);
        controller.error(error);
      }
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: JSON_HEADERS });
}

/** Writes an answer as JSON, up to the end of the first part. */
function openingOf(head: object, first: SummaryPart): string {
  const members = JSON.stringify(head).slice(1, -1);
  return `{${members},"summaries":[${itemsOf(first)}`;
}

/** Writes a later part, and the end of the answer after the last one. */
function textOf(part: SummaryPart): string {
  const items = itemsOf(part);
  // There are none if all who were left have gone.
  return (items === "" ? "" : `,${items}`) + (part.last ? endOf(part) : "");
}

function endOf({ next }: SummaryPart): string {
  return next === undefined ? "]}" : `],"next":${JSON.stringify(next)}}`;
}

function itemsOf({ summaries }: SummaryPart): string {
  return JSON.stringify(summaries).slice(1, -1);
}

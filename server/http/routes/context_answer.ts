import type { Key } from "../../../core/mod.ts";
import { HttpProblem, JSON_HEADERS } from "../wire/problem.ts";
import type { ContextAnswer, WireSummary } from "../wire/wire.ts";
import { type Ask, assertStillIn, json } from "./exchange.ts";

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
 * requests have their turn between two parts, and a reader that stalls holds
 * none. The stream fails when the rights of the actor end.
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
  const texts = textsOf(head, first, parts);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      try {
        assertStillIn(actor);
        const { value, done } = texts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        if (!(error instanceof HttpProblem)) service.report(error, request);
        controller.error(error);
      }
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: JSON_HEADERS });
}

/** Writes an answer as JSON, one text for each part. */
function* textsOf(
  head: object,
  first: SummaryPart,
  others: Iterable<SummaryPart>,
): Generator<string, void> {
  const members = JSON.stringify(head).slice(1, -1);
  yield `{${members},"summaries":[${itemsOf(first)}`;
  for (const part of others) {
    const items = itemsOf(part);
    // There are none if all who were left have gone.
    yield (items === "" ? "" : `,${items}`) + (part.last ? endOf(part) : "");
  }
}

function endOf({ next }: SummaryPart): string {
  return next === undefined ? "]}" : `],"next":${JSON.stringify(next)}}`;
}

function itemsOf({ summaries }: SummaryPart): string {
  return JSON.stringify(summaries).slice(1, -1);
}

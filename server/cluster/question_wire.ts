import { assertKey } from "../../core/assert.ts";
import type { PresenceModel } from "../../core/mod.ts";
import type { Viewer } from "../mod.ts";

/** What a node asks all others about what they own. */
export type Question<M extends PresenceModel = PresenceModel> =
  | {
    /** The entries of a context. */
    readonly type: "list";
    readonly context: M["context"];
  }
  | {
    /** The entries of a subject, wherever it is. */
    readonly type: "locate";
    readonly subject: M["subject"];
  }
  | {
    /** The subjects of contexts, those that a viewer sees. */
    readonly type: "count";
    readonly contexts: readonly M["context"][];
    readonly viewer: Viewer<M>;
  };

/** What nodes send each other: a question, or part of an answer. */
export type QuestionMessage =
  | {
    readonly type: "ask";
    readonly id: string;
    /** The question as JSON. */
    readonly question: string;
  }
  | {
    readonly type: "answer";
    readonly id: string;
    /** Which part it is, from 0, of how many. */
    readonly part: number;
    readonly parts: number;
    readonly text: string;
  }
  | {
    /** The node has no answer that it could send, or can't read the question. */
    readonly type: "none";
    /** Of the question. */
    readonly id: string;
  }
  | {
    /** The node leaves: it answers nothing any more. */
    readonly type: "left";
    /** The epoch of its life. */
    readonly id: string;
  };

/**
 * How many UTF-16 code units one message carries: no more than 256 KiB of
 * UTF-8, whatever they are and however they are escaped.
 */
export const PART_LENGTH = 80_000;

/** More parts no answer has: it is tens of megabytes long. */
export const MAX_PARTS = 1_000;

/** Reads a message; `undefined` if it is none that this version knows. */
export function decodeMessage(text: string): QuestionMessage | undefined {
  try {
    const { type, id, question, part, parts, text: of } = JSON.parse(text);
    if (typeof id !== "string") return undefined;
    if (type === "left" || type === "none") return { type, id };
    if (type === "ask" && typeof question === "string") {
      return { type, id, question };
    }
    const isPart = Number.isInteger(part) && Number.isInteger(parts) &&
      part >= 0 && part < parts && parts <= MAX_PARTS;
    if (type !== "answer" || !isPart || typeof of !== "string") {
      return undefined;
    }
    if (of.length > PART_LENGTH) return undefined;
    return { type, id, part, parts, text: of };
  } catch {
    return undefined;
  }
}

/** Reads a question; `undefined` if it is none that this version knows. */
export function decodeQuestion<M extends PresenceModel>(
  text: string,
): Question<M> | undefined {
  try {
    const { type, context, subject, contexts, viewer } = JSON.parse(text);
    switch (type) {
      case "list":
        return isKey(context) ? { type, context } : undefined;
      case "locate":
        return isKey(subject) ? { type, subject } : undefined;
      case "count": {
        const isWhole = Array.isArray(contexts) && contexts.every(isKey) &&
          typeof viewer.private === "boolean" &&
          (viewer.restricted === "all" || Array.isArray(viewer.restricted));
        return isWhole ? { type, contexts, viewer } : undefined;
      }
    }
  } catch {
    return undefined;
  }
}

/** Splits a text into parts that messages can carry. */
export function splitText(text: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; start += PART_LENGTH) {
    parts.push(text.slice(start, start + PART_LENGTH));
  }
  return parts;
}

function isKey(value: unknown): boolean {
  try {
    assertKey(value, "key", "answer question");
    return true;
  } catch {
    return false;
  }
}

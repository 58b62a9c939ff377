// @ts-check

/** The longest text, in UTF-16 units: a broadcast has at most 64 KiB. */
export const MAX_LENGTH = 10_000;

/**
 * A text as somebody has left it.
 *
 * @typedef {object} Draft
 * @property {string} text
 * @property {number} version how many edits came before, as its writer knew
 * @property {string} writer the tab, which tells two of the same version apart
 */

/**
 * A text that several share: of two drafts the later one holds, for everybody
 * the same one, in whatever order they come.
 */
export class SharedText {
  #self;
  /** @type {Draft} */
  #draft;

  /**
   * @param {string} self names this tab
   * @param {string} text what is there as long as nobody has written
   */
  constructor(self, text) {
    this.#self = self;
    this.#draft = { text, version: 0, writer: "" };
  }

  /** @returns {Draft} What holds now. */
  get draft() {
    return this.#draft;
  }

  /** @param {string} text */
  write(text) {
    const version = this.#draft.version + 1;
    this.#draft = { text, version, writer: this.#self };
  }

  /**
   * Takes the draft of another tab, if it is later.
   *
   * @param {Draft} draft
   * @returns {boolean} Whether it holds now.
   */
  receive(draft) {
    const { version, writer } = this.#draft;
    const isLater = draft.version > version ||
      draft.version === version && draft.writer > writer;
    if (isLater) this.#draft = draft;
    return isLater;
  }
}

/**
 * Takes a draft from the wire, if it is one.
 *
 * @param {unknown} message
 * @returns {Draft | undefined}
 */
export function readDraft(message) {
  if (typeof message !== "object" || message === null) return undefined;
  const { text, version, writer } = /** @type {Record<string, unknown>} */ (
    message
  );
  // Textareas have no other ends of lines.
  const isText = typeof text === "string" && text.length <= MAX_LENGTH &&
    !text.includes("\r");
  // Beyond, one more would be no other number.
  const isVersion = typeof version === "number" && version > 0 &&
    Number.isSafeInteger(version + 1);
  if (!isText || !isVersion || typeof writer !== "string") return undefined;
  return { text, version, writer };
}

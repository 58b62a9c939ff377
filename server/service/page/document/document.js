// @ts-check
/// <reference lib="dom" />

/**
 * The page of a document: a text that several people write, and what each of them
 * does in it right now.
 *
 * @module
 */

import {
  ActivityMonitor,
  monitorActivity,
  Throttle,
} from "../../../../beacon/mod.ts";
import { steadyNow } from "../../../../core/mod.ts";
import { CursorRenderer, TypingIndicator } from "../../../client/views/mod.ts";
import { ONLY_READING } from "../link/token_refusal.js";
import { Visit } from "../link/visit.js";
import { find } from "../people/dom.js";
import { LENGTHS, readText } from "../people/wire.js";
import { positionAt } from "../text/text_edit.js";
import { TextExchange } from "../text/text_exchange.js";
import { TextareaEditor } from "../text/textarea_editor.js";
import { Others } from "./others.js";
import { showParticipants } from "./participant_list.js";
import { Participants } from "./participants.js";
import { readPresenceEvent } from "./presence_event.js";

/** How often to ask for the text, or to answer, at most. */
const TEXT_MS = 1_000;

/** How often an active page says so. */
const ACTIVE_MS = 5_000;

/** How long a message about a cursor can cross somebody's edit. */
const CROSSING_MS = 1_000;

/** A reader cannot ask for the text, as that is to publish. */
const ONLY_READING_TEXT =
  `${ONLY_READING} You see the text from its next change on.`;

/** Undo reverts together what was written with shorter pauses. */
const STEP_MS = 1_000;

/** How often to redraw cursors that do not move: they become faint. */
const FAINT_MS = 5_000;

const visit = new Visit("document", (topic) => topic, showSoon);
const { nameless, notices, self } = visit;

const textarea = find("#text", HTMLTextAreaElement);
const nameField = find("#name", HTMLInputElement);
const participants = new Participants();
const editor = new TextareaEditor(textarea, find("#cursors", HTMLElement));
const renderer = new CursorRenderer(editor);
const typing = new TypingIndicator(find("#typing", HTMLElement));
const others = new Others(renderer, typing);

/** The whole text may be long, and somebody may ask all the time. */
const ask = atMostEvery(TEXT_MS, () => connection.push("text_wanted", {}));
const answer = atMostEvery(TEXT_MS, () => exchange.answer());
/** Text and cursor go together: one without the other is out of place. */
const sendOwn = atMostEvery(50, () => {
  exchange.sendNews();
  sendCursor();
});
const sendTyping = atMostEvery(100, () => act("typing", {}));
const sendViewport = atMostEvery(250, lookAt);

const exchange = new TextExchange(self, editor.text, participants, {
  send: (message) => void connection.push("text", message),
  ask,
  onEdits(edits) {
    editor.apply(edits);
    // The edit has moved the cursor, and not I.
    if (selected) selected = editor.selected;
    const now = performance.now();
    // The position that I sent just now may reach others after the edit.
    if (now - movedAt < CROSSING_MS) sendOwn();
    // A position that crosses the next edit is out of place: a pause corrects it.
    if (now - sentAt < CROSSING_MS || settling !== undefined) {
      clearTimeout(settling);
      settling = setTimeout(() => {
        settling = undefined;
        sendOwn();
      }, CROSSING_MS);
    }
    moveText();
  },
});

/**
 * My selection as the others know it; `undefined` until I have selected something.
 *
 * @type {import("../text/text_edit.js").Place | undefined}
 */
let selected;
/** When I last moved the cursor. */
let movedAt = -Infinity;
/** When I last sent its position. */
let sentAt = -Infinity;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;
/** When I last wrote, if the cursor is still there. */
let wroteAt = -Infinity;
/**
 * The messages that arrive during a composition of an input method: a change of
 * the text would end it.
 *
 * @type {unknown[] | undefined}
 */
let waiting;
let mayWrite = true;
let hasMoved = false;
let frame = 0;

let connection = connect();

textarea.addEventListener("input", takeInput);
textarea.addEventListener("compositionstart", () => waiting ??= []);
textarea.addEventListener("compositionend", () => {
  takeInput();
  const messages = waiting ?? [];
  waiting = undefined;
  for (const message of messages) exchange.receive(message);
  showSoon();
});
// The browser's own undo knows nothing of what others write.
textarea.addEventListener("beforeinput", (event) => {
  // The event for a cursor that was moved before arrives later.
  if (isElsewhere()) wroteAt = -Infinity;
  if (event.inputType === "historyUndo") goBack(event, true);
});
// The browser asks only while it has something to undo.
textarea.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z") goBack(event, !event.shiftKey);
  if (key === "y" && event.ctrlKey) goBack(event, false);
});
for (const type of ["selectionchange", "focusin"]) {
  document.addEventListener(type, () => {
    if (document.activeElement !== textarea || !isElsewhere()) return;
    wroteAt = -Infinity;
    moveCursor();
  });
}
textarea.addEventListener("scroll", () => {
  sendViewport();
  moveText();
});
new ResizeObserver(() => {
  editor.update();
  moveText();
}).observe(textarea);
nameField.addEventListener("change", () => {
  const name = readText(nameField.value, LENGTHS.name) ?? nameless;
  nameField.value = name;
  if (name === visit.profile.name) return;
  visit.saveProfile({ name });
  rejoin();
});
visit.onProfile((former) => {
  const { name, invisible } = visit.profile;
  nameField.value = name;
  if (name !== former.name || invisible !== former.invisible) rejoin();
});
setInterval(moveText, FAINT_MS);

const monitor = new ActivityMonitor({
  activityTimeoutMs: ACTIVE_MS,
  onChange: stayActive,
});
setInterval(stayActive, ACTIVE_MS);
monitorActivity(globalThis, monitor, (focused, { hidden }) => {
  act("focus", { focused, hidden });
});

nameField.value = visit.profile.name;
nameField.placeholder = nameless;
showWhetherWriter();

/**
 * Makes a function that does something at once, or as soon as the interval since
 * the last time is over.
 *
 * @param {number} intervalMs
 * @param {() => void} send
 */
function atMostEvery(intervalMs, send) {
  const throttle = new Throttle({ intervalMs, send });
  return () => throttle.push(undefined);
}

/** @param {() => void} [onFirstJoined] */
function connect(onFirstJoined = () => {}) {
  const { name, invisible } = visit.profile;
  return visit.connect({
    // Without a name, one only watches.
    params: (mayPublish) =>
      mayPublish && !invisible ? { key: self, name } : { key: self },
    messages: {
      presence(message) {
        const event = readPresenceEvent(message, steadyNow());
        if (event === undefined) return;
        participants.apply(event);
        showSoon();
      },
      text(message) {
        if (waiting !== undefined) return void waiting.push(message);
        exchange.receive(message);
        showSoon();
      },
      text_wanted: answer,
    },
    onJoined(mayPublish) {
      onFirstJoined();
      onFirstJoined = () => {};
      mayWrite = mayPublish;
      notices.connected(mayWrite ? undefined : ONLY_READING_TEXT);
      showWhetherWriter();
      exchange.joined();
      connection.push("text_wanted", {});
      act("focus", { focused: document.hasFocus(), hidden: document.hidden });
      lookAt();
      sendCursor();
    },
    onLost: forgetOthers,
    onShut() {
      mayWrite = false;
      forgetOthers();
      showWhetherWriter();
    },
  });
}

/**
 * Joins under another name. The new session begins before the former one ends, so
 * nobody is reported to leave.
 */
function rejoin() {
  const former = connection;
  connection = connect(() => former.leave());
  showWhetherWriter();
}

function forgetOthers() {
  participants.apply({ type: "state", people: [] });
  showSoon();
}

function showWhetherWriter() {
  const { invisible } = visit.profile;
  textarea.readOnly = invisible || !mayWrite;
  find("#watching", HTMLElement).hidden = !invisible;
}

/**
 * Sends what I do, unless I am invisible.
 *
 * @param {string} event
 * @param {object} payload
 */
function act(event, payload) {
  if (!visit.profile.invisible) connection.push(event, payload);
}

/** Says that I am still active: the service turns others idle. */
function stayActive() {
  if (monitor.state !== "active") return;
  act("focus", { focused: document.hasFocus(), hidden: false });
}

function lookAt() {
  act("viewport", editor.viewport);
}

function sendCursor() {
  if (selected === undefined) return;
  sentAt = performance.now();
  const { anchor, head } = selected;
  const cursor = positionAt(editor.text, head);
  act("cursor", {
    cursor,
    selection: anchor === head ? null : {
      anchor: positionAt(editor.text, anchor),
      head: cursor,
      is_backward: head < anchor,
    },
  });
}

/** Reports whether the cursor is not where I last moved it. */
function isElsewhere() {
  const { anchor, head } = editor.selected;
  return anchor !== selected?.anchor || head !== selected.head;
}

/** Sends that I have moved the cursor, perhaps by writing. */
function moveCursor() {
  selected = editor.selected;
  movedAt = performance.now();
  sendOwn();
}

function takeInput() {
  const now = performance.now();
  editor.update();
  const { text, selected: { head } } = editor;
  const unfit = exchange.write(text, head, now - wroteAt < STEP_MS);
  if (unfit.length > 0) {
    editor.applyOwn(unfit);
    notices.declined("the text has no room for so many letters");
  }
  wroteAt = now;
  sendWritten();
}

/**
 * Undoes or redoes what I have written.
 *
 * @param {Event} event the request of the browser
 * @param {boolean} isUndo whether to undo
 */
function goBack(event, isUndo) {
  event.preventDefault();
  if (textarea.readOnly || waiting !== undefined) return;
  const edits = isUndo ? exchange.undo() : exchange.redo();
  if (edits.length === 0) return;
  editor.applyOwn(edits);
  wroteAt = -Infinity;
  sendWritten();
}

function sendWritten() {
  moveCursor();
  sendTyping();
  moveText();
}

/** Draws the cursors again, as the text has moved or changed. */
function moveText() {
  hasMoved = true;
  showSoon();
}

/** Shows all at the next frame, however much happens before. */
function showSoon() {
  frame ||= requestAnimationFrame(showAll);
}

function showAll() {
  frame = 0;
  const people = visit.people.map((person) => {
    const doing = participants.of(person.key);
    return { ...person, color: doing?.color ?? person.color, doing };
  });
  visit.showHeadline(people);
  showParticipants(find("#people", HTMLElement), people);
  others.show(people.filter(({ you }) => !you));
  if (hasMoved) renderer.refresh();
  hasMoved = false;
}

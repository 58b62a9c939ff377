// @ts-check
/// <reference lib="dom" />

/**
 * The page of a document: a text that several people write, and what each of them
 * does in it right now.
 *
 * @module
 */

import { Throttle } from "../../../../beacon/mod.ts";
import { CursorRenderer, TypingIndicator } from "../../../client/views/mod.ts";
import { Visit } from "../link/visit.js";
import { copyOf, find, show } from "../people/dom.js";
import { showList, showWho } from "../people/people_list.js";
import { LENGTHS, readText } from "../people/text.js";
import { counted, DOCUMENT_ACTIVITIES, wordOf } from "../people/words.js";
import { positionAt } from "../text/text_edit.js";
import { TextExchange } from "../text/text_exchange.js";
import { TextareaEditor } from "../text/textarea_editor.js";
import { Places } from "./places.js";

/** @typedef {import("../../../client/mod.ts").DocumentPerson} DocumentPerson */
/** @typedef {import("../../../client/mod.ts").JsonObject} JsonObject */
/** @typedef {import("../../../client/mod.ts").LiveModel} LiveModel */
/** @typedef {import("../text/text_edit.js").Place} Place */

/**
 * @typedef {import("../people/people_list.js").Person & Pick<DocumentPerson,
 *   "activity" | "sessions" | "typing">} Participant
 */

/** How often to ask for the text, or to answer, at most. */
const TEXT_MS = 1_000;

/** How long a message about a cursor can cross somebody's edit. */
const CROSSING_MS = 1_000;

/** Undo reverts together what was written with shorter pauses. */
const STEP_MS = 1_000;

/** @type {Visit<LiveModel, Participant>} */
const visit = new Visit("document");
const { nameless, notices } = visit;
const shared = visit.client.document(visit.topic.replace("document:", ""), {
  ...profile(),
  activity: true,
});

const textarea = find("#text", HTMLTextAreaElement);
const nameField = find("#name", HTMLInputElement);
const editor = new TextareaEditor(textarea, find("#cursors", HTMLElement));
const renderer = new CursorRenderer(editor);
const typing = new TypingIndicator(find("#typing", HTMLElement));
const places = new Places(() => {
  const { me: { person }, others } = shared.state.get();
  return person === undefined ? others : [person, ...others];
});

/** The whole text may be long, and somebody may ask all the time. */
const ask = atMostEvery(TEXT_MS, () => void shared.broadcast("text_wanted"));
const answer = atMostEvery(TEXT_MS, () => exchange.answer());
/** Text and cursor go together: one without the other is out of place. */
const sendOwn = atMostEvery(50, () => {
  exchange.sendNews();
  sendCursor();
});
const look = atMostEvery(250, () => shared.setViewport(editor.viewport));

const exchange = new TextExchange(visit.profile.key, editor.text, places, {
  send: (message) => void shared.broadcast("text", message),
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
    showSoon();
  },
});

/**
 * My selection as the others know it; `undefined` until I have selected something.
 *
 * @type {Place | undefined}
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
 * @type {[payload: JsonObject, from: string | undefined][] | undefined}
 */
let waiting;
let frame = 0;

shared.on("text", ({ payload, from }) => {
  if (waiting === undefined) exchange.receive(payload, from);
  else waiting.push([payload, from]);
});
shared.on("text_wanted", answer);
shared.status.subscribe(({ type }) => {
  if (type !== "live") return;
  exchange.joined();
  shared.broadcast("text_wanted");
  sendOwn();
});
visit.follow(shared, readParticipant, showSoon);
look();

textarea.addEventListener("input", takeInput);
textarea.addEventListener("compositionstart", () => waiting ??= []);
textarea.addEventListener("compositionend", () => {
  takeInput();
  const messages = waiting ?? [];
  waiting = undefined;
  for (const [payload, from] of messages) exchange.receive(payload, from);
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
  look();
  showSoon();
});
new ResizeObserver(() => {
  editor.update();
  showSoon();
}).observe(textarea);
nameField.addEventListener("change", () => {
  const name = readText(nameField.value, LENGTHS.name) ?? nameless;
  visit.saveProfile({ name });
  showProfile();
});
visit.onProfile(showProfile);
nameField.placeholder = nameless;
showProfile();

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

/** Without a name, one only watches. */
function profile() {
  const { name, invisible } = visit.profile;
  return invisible ? {} : { name };
}

function showProfile() {
  nameField.value = visit.profile.name;
  shared.setProfile(profile());
  showSoon();
}

/**
 * @param {DocumentPerson} person
 * @param {{ you: boolean, invisible: boolean }} own
 * @returns {Participant}
 */
function readParticipant({ name, ...person }, own) {
  const { id } = person;
  return { ...person, ...own, name: readText(name, LENGTHS.name) ?? id };
}

function sendCursor() {
  if (selected === undefined) return;
  sentAt = performance.now();
  const { anchor, head } = selectionAt(selected);
  const isBackward = head.offset < anchor.offset;
  shared.moveCursor(head, { anchor, head, isBackward });
}

/** @param {Place} place */
function selectionAt({ anchor, head }) {
  const { text } = editor;
  return { anchor: positionAt(text, anchor), head: positionAt(text, head) };
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
  shared.typed();
  showSoon();
}

/** Shows all at the next frame, however much happens before. */
function showSoon() {
  frame ||= requestAnimationFrame(showAll);
}

function showAll() {
  frame = 0;
  const { people, profile: { invisible } } = visit;
  const { status: { type }, mayWrite } = shared.state.get();
  const at = type === "live" ? places.all() : new Map();
  textarea.readOnly = invisible || !mayWrite || type === "refused";
  find("#watching", HTMLElement).hidden = !invisible;
  showParticipants(people);
  const others = people.filter(({ you, held }) => !you && !held)
    .map((person) => ({ ...person, userId: person.id }));
  typing.update(others.filter(({ typing }) => type === "live" && typing));
  renderer.update(others.flatMap((person) => {
    const { activity, typing: isTyping, userId } = person;
    const { place, movedAt: lastMoved } = at.get(userId) ?? {};
    if (place === undefined) return [];
    const selection = selectionAt(place);
    // To read on is an activity too, though it moves no cursor.
    const isQuiet = activity === "idle" || activity === "away";
    const lastActive = isQuiet ? lastMoved : Infinity;
    const position = selection.head;
    return [{
      ...person,
      position,
      selection,
      isTyping,
      lastActive,
      lastMoved,
    }];
  }));
}

/** @param {readonly Participant[]} people in order */
function showParticipants(people) {
  const at = places.all();
  const list = find("#people", HTMLElement);
  showList(list, people, () => copyOf("#participant"), (item, person) => {
    const { id, activity, sessions } = person;
    const head = at.get(id)?.place.head;
    const line = head !== undefined && positionAt(editor.text, head).line + 1;
    const does = find(".does", HTMLElement, item);
    showWho(item, person);
    item.dataset.activity = activity;
    show(does, wordOf(activity));
    does.title = DOCUMENT_ACTIVITIES.get(activity) ?? "";
    const facts = line === false ? [] : [`line ${line}`];
    if (sessions > 1) facts.push(counted(sessions, "tab"));
    show(find(".place", HTMLElement, item), facts.join(" · "));
  });
}

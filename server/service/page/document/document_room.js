// @ts-check
/// <reference lib="dom" />

/**
 * The page of a document: a text that several write, and who does what in it.
 *
 * @module
 */

import { Throttle } from "../../../../beacon/mod.ts";
import { steadyNow } from "../../../../core/mod.ts";
import { Attendance, PATIENCE_MS } from "../people/attendance.js";
import { CursorRenderer } from "./cursor_renderer.js";
import { DocumentConnection } from "./document_connection.js";
import { find } from "../people/dom.js";
import { Headline } from "../people/headline.js";
import { LENGTHS, readText } from "../people/meta.js";
import { Notices } from "../link/notices.js";
import { tellActivity } from "./own_activity.js";
import { Others } from "./others.js";
import { ParticipantList } from "./participant_list.js";
import { Participants } from "./participants.js";
import { inOrder, personOf } from "../people/person.js";
import { readPresenceEvent } from "./presence_event.js";
import {
  isProfile,
  loadProfile,
  namelessName,
  saveProfile,
  storeOf,
} from "../people/profile.js";
import { roomOf, topicOf } from "../link/rooms.js";
import { positionAt } from "../text/text_edit.js";
import { TextExchange } from "../text/text_exchange.js";
import { TextareaEditor } from "../text/textarea_editor.js";
import { tokenOfTab } from "../link/token.js";
import { ONLY_READING } from "../link/token_refusal.js";
import { offerCommand, offerRooms } from "../link/try_it.js";
import { TypingIndicator } from "./typing_indicator.js";

/** @typedef {import("../people/person.js").Person} Person */

/** How often things are told, at most. */
const INTERVALS_MS = { cursor: 50, typing: 100, viewport: 250, text: 1_000 };

/** How long a cursor may be on its way, and cross somebody's edit. */
const CROSSING_MS = 1_000;

/** Nobody can be asked for the text: that would be to publish, too. */
const ONLY_READING_TEXT =
  `${ONLY_READING} You see the text from its next change on.`;

/** What is written in one go is undone in one go. */
const STEP_MS = 1_000;

/** How often cursors are looked after that have not moved. */
const FAINT_MS = 5_000;

const parameters = new URLSearchParams(location.search);
const here = roomOf("document", parameters);
const topic = topicOf(here);
const isGuest = parameters.has("guest");
const tabStore = storeOf(() => sessionStorage);
const store = isGuest ? tabStore : storeOf(() => localStorage);

const token = tokenOfTab(tabStore);
let profile = loadProfile(store, token);
const self = profile.key;
const nameless = namelessName(self, token);

const textarea = find("#text", HTMLTextAreaElement);
const nameField = find("#name", HTMLInputElement);
const notices = new Notices();
const attendance = new Attendance(self);
const participants = new Participants();
const headline = new Headline(find("#headline", HTMLElement));
const list = new ParticipantList(find("#people", HTMLElement));
const editor = new TextareaEditor(textarea, find("#cursors", HTMLElement));
const renderer = new CursorRenderer(editor);
const typing = new TypingIndicator(find("#typing", HTMLElement));
const others = new Others(renderer, typing);
const exchange = new TextExchange(self, editor.text, participants, {
  send: (message) => connection.tellText(message),
  ask: () => asking.push(undefined),
  onEdits(edits) {
    editor.apply(edits);
    // It was not me who moved the cursor.
    selected = editor.selected;
    // But where I was just now may reach others after the edit.
    const now = performance.now();
    if (now - actedAt < CROSSING_MS) own.push(undefined);
    // What I say now may cross the next edit: it is said again in a pause.
    const isCrossing = now - toldAt < CROSSING_MS;
    if (isCrossing || settling !== undefined) tellOnceSettled();
    moveText();
  },
});

let selected = editor.selected;
/** When I have last moved the cursor. */
let actedAt = -Infinity;
/** When I have last told where it is. */
let toldAt = -Infinity;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;
/** When I have last written, if the cursor is still there. */
let wroteAt = -Infinity;
/**
 * What came while an input method composes: to change the text would end that.
 *
 * @type {unknown[] | undefined}
 */
let waiting;
let mayWrite = true;
let hasCursor = false;
let hasJoined = false;
let hasMoved = false;
let frame = 0;

/** The whole text may be long, and somebody may ask all the time. */
const asking = new Throttle({
  intervalMs: INTERVALS_MS.text,
  send: () => connection.askForText(),
});
const answering = new Throttle({
  intervalMs: INTERVALS_MS.text,
  send: () => exchange.wanted(),
});
/** Text and cursor go together: one without the other is out of place. */
const own = new Throttle({
  intervalMs: INTERVALS_MS.cursor,
  send() {
    exchange.tell();
    if (hasCursor) tellCursor();
  },
});
const ownTyping = new Throttle({
  intervalMs: INTERVALS_MS.typing,
  send: () => connection.typed(),
});
const ownViewport = new Throttle({
  intervalMs: INTERVALS_MS.viewport,
  send: () => connection.look(editor.viewport),
});

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
  // Whether the cursor was moved before is told only later.
  if (isElsewhere()) wroteAt = -Infinity;
  if (event.inputType === "historyUndo") goBack(event, true);
});
// It asks only while it has something to undo.
textarea.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z") goBack(event, !event.shiftKey);
  if (key === "y" && event.ctrlKey) goBack(event, false);
});
for (const type of ["selectionchange", "focusin"]) {
  document.addEventListener(type, () => {
    if (document.activeElement !== textarea) return;
    if (hasCursor && !isElsewhere()) return;
    hasCursor = true;
    selected = editor.selected;
    actedAt = performance.now();
    wroteAt = -Infinity;
    own.push(undefined);
  });
}
textarea.addEventListener("scroll", () => {
  ownViewport.push(undefined);
  moveText();
});
new ResizeObserver(() => {
  editor.update();
  moveText();
}).observe(textarea);
nameField.addEventListener("change", () => {
  const name = readText(nameField.value, LENGTHS.name) ?? nameless;
  nameField.value = name;
  if (name === profile.name) return;
  profile = { ...profile, name };
  saveProfile(store, profile, token);
  rename();
});
// Another tab of this person has changed what they all say.
globalThis.addEventListener("storage", (event) => {
  if (!(event instanceof StorageEvent)) return;
  if (!isProfile(event.key, token) || isGuest) return;
  const before = profile;
  profile = { ...loadProfile(store, token), key: self };
  nameField.value = profile.name;
  const isSame = profile.name === before.name &&
    profile.invisible === before.invisible;
  if (!isSame) rename();
});
setInterval(moveText, FAINT_MS);

nameField.value = profile.name;
nameField.placeholder = nameless;
offerCommand(topic, token);
offerRooms(here, token);
showWhetherWriter();
tellActivity((focused, hidden) => connection.focus(focused, hidden));

/** @param {() => void} [onJoined] told once, when one is in */
function connect(onJoined = () => {}) {
  const { name, invisible } = profile;
  const user = invisible ? { key: self } : { key: self, name };
  const connection = new DocumentConnection(topic, user, token, {
    onPeople: takePeople,
    onPresence(message) {
      const event = readPresenceEvent(message, steadyNow());
      if (event === undefined) return;
      participants.apply(event);
      showSoon();
    },
    onText(message) {
      if (waiting !== undefined) return void waiting.push(message);
      exchange.receive(message);
      showSoon();
    },
    onTextWanted: () => answering.push(undefined),
    onJoined(may) {
      onJoined();
      onJoined = () => {};
      mayWrite = may;
      comeIn(connection);
    },
    onLost() {
      notices.lost();
      participants.apply({ type: "state", people: [] });
      showSoon();
    },
    onShut(sentence) {
      mayWrite = false;
      notices.shut(sentence);
      headline.close();
      participants.apply({ type: "state", people: [] });
      showWhetherWriter();
    },
    onRefused: (reason) => notices.refused(reason),
  });
  connection.open();
  return connection;
}

/** @param {DocumentConnection} joined */
function comeIn(joined) {
  notices.connected(mayWrite ? undefined : ONLY_READING_TEXT);
  showWhetherWriter();
  exchange.joined();
  joined.askForText();
  if (!profile.invisible) {
    joined.focus(document.hasFocus(), document.hidden);
    joined.look(editor.viewport);
    if (hasCursor) tellCursor();
  }
  if (hasJoined) {
    attendance.comeBack(steadyNow());
    setTimeout(() => {
      announceLeft(attendance.settle(steadyNow()));
      showSoon();
    }, PATIENCE_MS + 10);
  }
  hasJoined = true;
}

/**
 * A name is told by joining. The new session begins before the former one ends,
 * so that nobody is said to have left.
 */
function rename() {
  const former = connection;
  connection = connect(() => former.leave());
  showWhetherWriter();
}

function showWhetherWriter() {
  textarea.readOnly = profile.invisible || !mayWrite;
  find("#watching", HTMLElement).hidden = !profile.invisible;
}

/** Whether the cursor is no longer where it was when that was told last. */
function isElsewhere() {
  const { anchor, head } = editor.selected;
  return anchor !== selected.anchor || head !== selected.head;
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
  tellWritten();
}

/**
 * @param {Event} event asks for it
 * @param {boolean} isUndo whether it is to undo, or to do again
 */
function goBack(event, isUndo) {
  event.preventDefault();
  if (textarea.readOnly || waiting !== undefined) return;
  const edits = isUndo ? exchange.undo() : exchange.redo();
  if (edits.length === 0) return;
  editor.applyOwn(edits);
  wroteAt = -Infinity;
  tellWritten();
}

function tellWritten() {
  hasCursor = true;
  selected = editor.selected;
  actedAt = performance.now();
  own.push(undefined);
  ownTyping.push(undefined);
  moveText();
}

function tellOnceSettled() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    settling = undefined;
    own.push(undefined);
  }, CROSSING_MS);
}

function tellCursor() {
  toldAt = performance.now();
  const { anchor, head } = selected;
  const cursor = positionAt(editor.text, head);
  connection.moveCursor(
    cursor,
    anchor === head ? null : {
      anchor: positionAt(editor.text, anchor),
      head: cursor,
      isBackward: head < anchor,
    },
  );
}

/** @param {readonly [string, readonly unknown[]][]} people */
function takePeople(people) {
  const persons = people.map(([key, metas]) => personOf(key, metas));
  const { joined, left } = attendance.update(persons, steadyNow());
  for (const { name } of joined) notices.announce(`${name} has joined.`);
  announceLeft(left);
  document.title = `(${persons.length}) ${topic} · ruthere`;
  showSoon();
}

/** @param {readonly Person[]} left */
function announceLeft(left) {
  for (const { name } of left) notices.announce(`${name} has left.`);
}

/** The text is not where it was, or not what it was. */
function moveText() {
  hasMoved = true;
  showSoon();
}

/** However much happens, it is shown once for each picture of the screen. */
function showSoon() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    showAll();
  });
}

function showAll() {
  const { here, held } = attendance;
  const waitedFor = new Set(held);
  const people = [...here, ...held].sort(inOrder(self)).map((person) => {
    const doing = participants.of(person.key);
    return { ...person, color: doing?.color ?? person.color, doing };
  });
  if (attendance.isKnown) headline.show(people, self);
  list.show(people.map((person) => ({
    ...person,
    you: person.key === self,
    held: waitedFor.has(person),
    tabs: person.metas.length,
  })));
  others.show(people.filter(({ key }) => key !== self));
  if (hasMoved) renderer.refresh();
  hasMoved = false;
}

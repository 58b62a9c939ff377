/**
 * The page of a document: a text that several people write, and what each of them
 * does in it right now.
 *
 * @module
 */

import { Throttle } from "../../../../beacon/mod.ts";
import type {
  DocumentPerson,
  JsonObject,
  LiveModel,
} from "../../../client/mod.ts";
import {
  CursorRenderer,
  type CursorSelection,
  TextareaEditor,
  TypingIndicator,
} from "../../../client/views/mod.ts";
import { selectionAt, type TextEdit } from "../../../client/views/text_edit.ts";
import { Visit } from "../link/visit.ts";
import { copyOf, find, show } from "../people/dom.ts";
import { type Person, showList, showWho } from "../people/people_list.ts";
import { LENGTHS, readText } from "../people/text.ts";
import { counted, DOCUMENT_ACTIVITIES, wordOf } from "../people/words.ts";
import { TextExchange } from "../text/text_exchange.ts";
import { Places } from "./places.ts";

type Participant =
  & Person
  & Pick<DocumentPerson, "activity" | "sessions" | "typing">;

/** How often to ask for the text, or to answer, at most. */
const TEXT_MS = 1_000;

/** How long a message about a cursor can cross somebody's edit. */
const CROSSING_MS = 1_000;

/** Undo reverts together what was written with shorter pauses. */
const STEP_MS = 1_000;

const visit = new Visit<LiveModel, Participant>("document");
const { nameless, notices } = visit;
const shared = visit.client.document(visit.topic.replace("document:", ""), {
  ...profile(),
  activity: true,
});

const textarea = find("#text", HTMLTextAreaElement);
const nameField = find("#name", HTMLInputElement);
const editor = new TextareaEditor(textarea);
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
    if (selected) selected = editor.selection;
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

/** My selection as the others know it; `undefined` until I have selected something. */
let selected: (CursorSelection & { readonly isBackward: boolean }) | undefined;
/** When I last moved the cursor. */
let movedAt = -Infinity;
/** When I last sent its position. */
let sentAt = -Infinity;
let settling: ReturnType<typeof setTimeout> | undefined;
/** When I last wrote, if the cursor is still there. */
let wroteAt = -Infinity;
/**
 * The messages that arrive during a composition of an input method: a change of
 * the text would end it.
 */
let waiting: [payload: JsonObject, from: string | undefined][] | undefined;
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
 */
function atMostEvery(intervalMs: number, send: () => void) {
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

function readParticipant({ name, ...person }: DocumentPerson): Participant {
  const { id } = person;
  return { ...person, you: false, name: readText(name, LENGTHS.name) ?? id };
}

function sendCursor() {
  if (selected === undefined) return;
  sentAt = performance.now();
  shared.moveCursor(selected.head, selected);
}

/** Reports whether the cursor is not where I last moved it. */
function isElsewhere() {
  const { anchor, head } = editor.selection;
  return anchor.offset !== selected?.anchor.offset ||
    head.offset !== selected.head.offset;
}

/** Sends that I have moved the cursor, perhaps by writing. */
function moveCursor() {
  selected = editor.selection;
  movedAt = performance.now();
  sendOwn();
}

function takeInput() {
  const now = performance.now();
  editor.update();
  const { text, selection: { head } } = editor;
  const unfit = exchange.write(text, head.offset, now - wroteAt < STEP_MS);
  if (unfit.length > 0) {
    applyOwn(unfit);
    notices.declined("the text has no room for so many letters");
  }
  wroteAt = now;
  sendWritten();
}

/** Applies edits of my own, and puts the caret there. */
function applyOwn(edits: readonly TextEdit[]) {
  const last = edits.at(-1);
  if (last === undefined) return;
  editor.apply(edits);
  const caret = last.start + last.inserted.length;
  textarea.setSelectionRange(caret, caret);
  const { top, height } = editor.getCoordinates(editor.positionAt(caret));
  const { clientHeight } = textarea;
  if (top < 0 || top + height > clientHeight) {
    textarea.scrollTop += top - clientHeight / 2;
  }
}

/** Undoes or redoes what I have written, as the browser was asked to. */
function goBack(event: Event, isUndo: boolean) {
  event.preventDefault();
  if (textarea.readOnly || waiting !== undefined) return;
  const edits = isUndo ? exchange.undo() : exchange.redo();
  if (edits.length === 0) return;
  applyOwn(edits);
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
  const at = places.all();
  const { people, profile: { invisible } } = visit;
  const { status: { type }, mayWrite } = shared.state.get();
  textarea.readOnly = invisible || !mayWrite || type === "refused";
  find("#watching", HTMLElement).hidden = !invisible;
  showParticipants(people);
  const others = people.filter(({ you, isReturning }) => !you && !isReturning)
    .map((person) => ({ ...person, userId: person.id }));
  typing.update(others.filter(({ typing }) => type === "live" && typing));
  renderer.update(others.flatMap((person) => {
    const { activity, typing: isTyping, userId } = person;
    const { place, movedAt: lastMoved } = at.get(userId) ?? {};
    if (type !== "live" || place === undefined) return [];
    const selection = selectionAt(editor.text, place);
    // To read on is an activity too, though it moves no cursor.
    const isQuiet = activity === "idle" || activity === "away";
    const lastActive = isQuiet ? lastMoved : Infinity;
    const position = selection.head;
    const cursor = { position, selection, isTyping, lastActive, lastMoved };
    return [{ ...person, ...cursor }];
  }));
}

function showParticipants(people: readonly Participant[]) {
  const at = places.all();
  const list = find("#people", HTMLElement);
  showList(list, people, () => copyOf("#participant"), (item, person) => {
    const { id, activity, sessions } = person;
    const head = at.get(id)?.place.head;
    const line = head !== undefined && editor.positionAt(head).line + 1;
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

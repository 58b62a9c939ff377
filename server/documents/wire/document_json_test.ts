import { assertEquals } from "@std/assert";
import {
  activeUserJson,
  type DocumentEvent,
  documentMessageJson,
  type DocumentUser,
  documentUserJson,
} from "../mod.ts";

const ADA: DocumentUser = {
  userId: "ada",
  documentId: "42",
  workspaceId: "acme",
  name: "Ada",
  avatarUrl: null,
  color: "hsl(1, 70%, 50%)",
  online: true,
  typing: false,
  focused: true,
  activity: "selecting",
  viewport: { topLine: 1, bottomLine: 40, scrollPercentage: 2.5 },
  cursor: { line: 3, column: 4, offset: 50 },
  selection: {
    anchor: { line: 2, column: 0, offset: 30 },
    head: { line: 3, column: 4, offset: 50 },
    isBackward: false,
  },
  connectedAt: 1_000,
  lastActiveAt: 3_000,
  lastCursorUpdate: 2_000,
  sessions: 2,
};

const ADA_JSON = {
  user_id: "ada",
  document_id: "42",
  workspace_id: "acme",
  name: "Ada",
  avatar_url: null,
  color: "hsl(1, 70%, 50%)",
  online: true,
  is_typing: false,
  is_focused: true,
  activity: "selecting",
  viewport: { top_line: 1, bottom_line: 40, scroll_percentage: 2.5 },
  cursor: { line: 3, column: 4, offset: 50 },
  selection: {
    anchor: { line: 2, column: 0, offset: 30 },
    head: { line: 3, column: 4, offset: 50 },
    is_backward: false,
  },
  connected_at: 1_000,
  last_active_at: 3_000,
  last_cursor_update: 2_000,
} as const;

Deno.test("documentUserJson() contains all fields of a person", () => {
  assertEquals(documentUserJson(ADA), ADA_JSON);
});

Deno.test("documentUserJson() writes absent fields as null", () => {
  const nothing = { viewport: null, cursor: null, selection: null };
  const json = documentUserJson({
    ...ADA,
    ...nothing,
    lastCursorUpdate: null,
  });
  assertEquals(json, { ...ADA_JSON, ...nothing, last_cursor_update: null });
});

Deno.test("activeUserJson() contains the fields of a list", () => {
  assertEquals(activeUserJson({ ...ADA, avatarUrl: "https://a.example/1" }), {
    user_id: "ada",
    name: "Ada",
    avatar_url: "https://a.example/1",
    activity: "selecting",
    last_active_at: 3_000,
  });
});

Deno.test("documentMessageJson() writes the state of a document", () => {
  const message = {
    type: "state",
    documentId: "42",
    users: [ADA],
    timestamp: 5_000,
  } as const;
  assertEquals(documentMessageJson(message), {
    event_type: "presence",
    payload: { type: "state", document_id: "42", users: [ADA_JSON] },
    timestamp: 5_000,
  });
});

const timestamp = 5_000;
const userId = "ada";
const user_id = "ada";

const EVENTS: Record<string, [DocumentEvent, object]> = {
  "somebody who has come": [
    { type: "userJoined", user: ADA, timestamp },
    { type: "user_joined", user_id, presence: ADA_JSON },
  ],
  "somebody who has left": [
    { type: "userLeft", userId, timestamp },
    { type: "user_left", user_id },
  ],
  "a cursor": [
    {
      type: "cursorMoved",
      userId,
      cursor: ADA.cursor,
      selection: ADA.selection,
      timestamp,
    },
    {
      type: "cursor_moved",
      user_id,
      cursor: ADA_JSON.cursor,
      selection: ADA_JSON.selection,
    },
  ],
  "a cursor that is nowhere": [
    { type: "cursorMoved", userId, cursor: null, selection: null, timestamp },
    { type: "cursor_moved", user_id, cursor: null, selection: null },
  ],
  "somebody who types": [
    { type: "typingChanged", userId, isTyping: true, timestamp },
    { type: "typing_changed", user_id, is_typing: true },
  ],
  "a viewport": [
    { type: "viewportChanged", userId, viewport: ADA.viewport, timestamp },
    { type: "viewport_changed", user_id, viewport: ADA_JSON.viewport },
  ],
  "a viewport that is not known any more": [
    { type: "viewportChanged", userId, viewport: null, timestamp },
    { type: "viewport_changed", user_id, viewport: null },
  ],
  "an activity": [
    { type: "activityChanged", userId, activity: "away", timestamp },
    { type: "activity_changed", user_id, activity: "away" },
  ],
  "a colour": [
    { type: "colorChanged", userId, color: ADA.color, timestamp },
    { type: "color_changed", user_id, color: ADA.color },
  ],
  "somebody who is idle": [
    { type: "userIdle", userId, timestamp },
    { type: "user_idle", user_id },
  ],
};

for (const [what, [event, payload]] of Object.entries(EVENTS)) {
  Deno.test(`documentMessageJson() writes ${what}`, () => {
    assertEquals<object>(documentMessageJson(event), {
      event_type: "presence",
      payload,
      timestamp,
    });
  });
}

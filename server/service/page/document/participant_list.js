// @ts-check
/// <reference lib="dom" />

import { copyOf, find, show } from "../people/dom.js";
import { showList, showWho } from "../people/people_list.js";
import { counted, DOCUMENT_ACTIVITIES, wordFor } from "../people/words.js";

/**
 * @typedef {import("../people/people_list.js").ShownPerson & {
 *   doing: import("./presence_event.js").Doing | undefined }} Participant
 */

/**
 * Shows a line for each person in a document.
 *
 * @param {HTMLElement} list
 * @param {readonly Participant[]} participants in order
 */
export function showParticipants(list, participants) {
  showList(list, participants, () => copyOf("#participant"), showParticipant);
}

/**
 * @param {HTMLElement} item
 * @param {Participant} participant
 */
function showParticipant(item, participant) {
  const { doing, tabs } = participant;
  showWho(item, participant);
  const activity = doing?.activity ?? "";
  item.dataset.activity = activity;
  const { word, meaning } = wordFor(DOCUMENT_ACTIVITIES, activity);
  const does = find(".does", HTMLElement, item);
  show(does, word);
  does.title = meaning;
  const place = doing?.cursor ? [`line ${doing.cursor.line + 1}`] : [];
  if (tabs > 1) place.push(counted(tabs, "tab"));
  show(find(".place", HTMLElement, item), place.join(" · "));
}

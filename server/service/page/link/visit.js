// @ts-check
/// <reference lib="dom" />

import { steadyNow } from "../../../../core/mod.ts";
import { LiveClient } from "../../../client/live_client.ts";
import { Attendance } from "../people/attendance.js";
import { find } from "../people/dom.js";
import { inOrder, showHeadline } from "../people/people_list.js";
import {
  itemOf,
  loadProfile,
  namelessName,
  saveProfile,
  storeOf,
} from "../people/profile.js";
import { Notices } from "./notices.js";
import { nameIn, offerRooms, topicOf } from "./rooms.js";
import { refusalOf, tokenOfTab } from "./token.js";
import { offerCommand } from "./try_it.js";

/** @typedef {import("../people/people_list.js").Person} Person */
/** @typedef {import("../people/profile.js").Profile} Profile */

/** The client tells changes this often at most, in a hidden tab too. */
const FRAME_MS = 16;

/** How often to look again: what is shown depends on the time too. */
const AGAIN_MS = 5_000;

const ONLY_READING =
  "Your token lets you only read here: the others don't see you.";

/** A reader cannot ask for the text, as that is a broadcast. */
const ONLY_READING_TEXT =
  `${ONLY_READING} You see the text from its next change on.`;

/**
 * A visit to a room or a document: oneself, and who else is here.
 *
 * @template {import("../../../client/mod.ts").LiveModel} M
 * @template {Person} P
 */
export class Visit {
  #store;
  #isGuest;
  #kind;
  #title;
  /** @type {Attendance<P>} */
  attendance = new Attendance();
  notices = new Notices();

  /**
   * @param {import("./rooms.js").Kind} kind
   * @param {string} [title] of the page; without it, the topic
   */
  constructor(kind, title) {
    this.#kind = kind;
    const parameters = new URLSearchParams(location.search);
    const name = nameIn(kind, parameters);
    this.topic = topicOf(kind, name);
    this.#title = title ?? this.topic;
    // For people with one browser, a tab can be a person of its own.
    this.#isGuest = parameters.has("guest");
    this.tabStore = storeOf(() => sessionStorage);
    this.#store = this.#isGuest ? this.tabStore : storeOf(() => localStorage);
    const token = this.token = tokenOfTab(this.tabStore);
    this.profile = loadProfile(this.#store, token);
    this.nameless = namelessName(this.profile.key, token);
    /** @type {LiveClient<M>} */
    this.client = new LiveClient({
      url: location.origin,
      token: token && (() => token.text),
      subject: this.profile.key,
      schedule: (run) => setTimeout(run, FRAME_MS),
      onError: (error) => {
        this.notices.declined(
          error instanceof Error ? error.message : "unknown",
        );
      },
    });
    offerCommand(this.topic, token);
    offerRooms(kind, name, token);
  }

  /**
   * Shows a room and who is in it, now and after each change.
   *
   * @template O
   * @param {import("../../../client/mod.ts").Room<O, { readonly id: string }>} room
   * @param {(person: O, own: { you: boolean, invisible: boolean }) => P} read
   * @param {(people: readonly P[], isLive: boolean) => void} show
   */
  follow(room, read, show) {
    const update = () => {
      const { status, mayWrite, me, others } = room.state.get();
      const isLive = status.type === "live";
      const refusal = status.type === "refused"
        ? refusalOf(status.reason, this.topic, this.token)
        : undefined;
      const reading = this.#kind === "room" ? ONLY_READING : ONLY_READING_TEXT;
      this.notices.connection(status.type, mayWrite ? refusal : reading);
      if (refusal !== undefined) {
        find("#headline", HTMLElement).textContent = "You are not let in.";
      } else if (isLive || this.attendance.people !== undefined) {
        const self = room.person(me.id).get();
        const { invisible } = this.profile;
        const own = { you: true, invisible };
        const other = { you: false, invisible: false };
        this.#update([
          ...self === undefined ? [] : [read(self, own)],
          ...others.map((person) => read(person, other)),
        ], isLive);
      }
      show(this.people, isLive);
    };
    room.state.subscribe(update);
    setInterval(update, AGAIN_MS);
  }

  /** Everybody to show, in order. */
  get people() {
    return (this.attendance.people ?? []).toSorted(inOrder);
  }

  /**
   * Saves what the person says of themselves, for all their tabs.
   *
   * @param {Partial<Omit<Profile, "key">>} changes
   */
  saveProfile(changes) {
    this.profile = { ...this.profile, ...changes };
    saveProfile(this.#store, this.profile, this.token);
  }

  /**
   * Calls a listener after another tab of the person has changed the profile.
   *
   * @param {() => void} listener
   */
  onProfile(listener) {
    globalThis.addEventListener("storage", (event) => {
      if (!(event instanceof StorageEvent) || this.#isGuest) return;
      if (event.key !== itemOf(this.token)) return;
      const { key } = this.profile;
      this.profile = { ...loadProfile(this.#store, this.token), key };
      listener();
    });
  }

  /**
   * @param {readonly P[]} here
   * @param {boolean} isLive
   */
  #update(here, isLive) {
    const { attendance, notices } = this;
    const { joined, left } = attendance.update(here, isLive, steadyNow());
    for (const { name } of joined) notices.announce(`${name} has joined.`);
    for (const { name } of left) notices.announce(`${name} has left.`);
    const { people } = this;
    showHeadline(find("#headline", HTMLElement), people);
    document.title = `(${people.length}) ${this.#title} · ruthere`;
  }
}

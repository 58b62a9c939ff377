// @ts-check
/// <reference lib="dom" />

import { steadyNow } from "../../../../core/mod.ts";
import { Attendance, PATIENCE_MS } from "../people/attendance.js";
import { find } from "../people/dom.js";
import { Headline } from "../people/headline.js";
import { inOrder, personOf } from "../people/person.js";
import {
  itemOf,
  loadProfile,
  namelessName,
  saveProfile,
  storeOf,
} from "../people/profile.js";
import { Connection } from "./connection.js";
import { Notices } from "./notices.js";
import { roomOf, topicOf } from "./rooms.js";
import { tokenOfTab } from "./token.js";
import { offerCommand, offerRooms } from "./try_it.js";

/** @typedef {import("../people/people_list.js").ShownPerson} ShownPerson */
/** @typedef {import("../people/person.js").Person} Person */
/** @typedef {import("../people/profile.js").Profile} Profile */

/** A visit to a room, as both pages show it: oneself, and who else is here. */
export class Visit {
  #store;
  #isGuest;
  #title;
  #show;
  #headline = new Headline(find("#headline", HTMLElement));
  #hasJoined = false;

  /**
   * @param {import("./rooms.js").Kind} kind of the room
   * @param {(topic: string) => string} titleOf makes the title of the page
   * @param {() => void} show is called when people join, change or leave
   */
  constructor(kind, titleOf, show) {
    const parameters = new URLSearchParams(location.search);
    const here = roomOf(kind, parameters);
    this.topic = topicOf(here);
    this.#title = titleOf(this.topic);
    this.#show = show;
    // For people with one browser, a tab can be a person of its own.
    this.#isGuest = parameters.has("guest");
    this.tabStore = storeOf(() => sessionStorage);
    this.#store = this.#isGuest ? this.tabStore : storeOf(() => localStorage);
    this.token = tokenOfTab(this.tabStore);
    this.profile = loadProfile(this.#store, this.token);
    this.self = this.profile.key;
    this.nameless = namelessName(this.self, this.token);
    this.notices = new Notices();
    this.attendance = new Attendance(this.self);
    offerCommand(this.topic, this.token);
    offerRooms(here, this.token);
  }

  /**
   * Connects to the room.
   *
   * @param {Pick<import("./connection.js").ConnectionEvents,
   *   "params" | "messages" | "onJoined" | "onLost"> & { onShut?: () => void
   *   }} events
   */
  connect({ onJoined, onLost, onShut = () => {}, ...others }) {
    const connection = new Connection(this.topic, this.token, {
      ...others,
      onPeople: (people) => this.#update(people),
      onJoined: (mayPublish) => {
        onJoined(mayPublish);
        if (this.#hasJoined) this.#waitForOthers();
        this.#hasJoined = true;
      },
      onLost: () => {
        this.notices.lost();
        onLost();
      },
      onShut: (sentence) => {
        this.notices.refused(sentence);
        this.#headline.close();
        onShut();
      },
      onRefused: (reason) =>
        this.notices.refused(`The room says no: ${reason}. Trying again…`),
    });
    connection.open();
    return connection;
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
   * @param {(former: Profile) => void} listener
   */
  onProfile(listener) {
    globalThis.addEventListener("storage", (event) => {
      if (!(event instanceof StorageEvent) || this.#isGuest) return;
      if (event.key !== itemOf(this.token)) return;
      const former = this.profile;
      const profile = loadProfile(this.#store, this.token);
      this.profile = { ...profile, key: this.self };
      listener(former);
    });
  }

  /** @returns {ShownPerson[]} Everybody to show, in order. */
  get people() {
    const { here = [], held } = this.attendance;
    const waitedFor = new Set(held);
    return [...here, ...held].sort(inOrder(this.self)).map((person) => {
      const you = person.key === this.self;
      const invisible = you && this.profile.invisible;
      return { ...person, you, invisible, held: waitedFor.has(person) };
    });
  }

  /**
   * Shows who is here in a sentence, as soon as that is known.
   *
   * @param {readonly ShownPerson[]} people
   */
  showHeadline(people) {
    if (this.attendance.here === undefined) return;
    this.#headline.show(people, this.self);
    document.title = `(${people.length}) ${this.#title} · ruthere`;
  }

  /** @param {readonly [string, readonly unknown[]][]} people */
  #update(people) {
    const persons = people.map(([key, metas]) => personOf(key, metas));
    const { joined, left } = this.attendance.update(persons, steadyNow());
    for (const { name } of joined) this.notices.announce(`${name} has joined.`);
    this.#announceLeft(left);
    this.#show();
  }

  /** After a restart of the service, the others return one by one. */
  #waitForOthers() {
    this.attendance.waitForOthers(steadyNow());
    setTimeout(() => {
      this.#announceLeft(this.attendance.settle(steadyNow()));
      this.#show();
    }, PATIENCE_MS + 10);
  }

  /** @param {readonly Person[]} left */
  #announceLeft(left) {
    for (const { name } of left) this.notices.announce(`${name} has left.`);
  }
}

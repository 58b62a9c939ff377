import { find, made, show } from "../people/dom.ts";
import type { Profile } from "../people/profile.ts";
import { ACTIVITIES, AVAILABILITIES, wordOf } from "../people/words.ts";

type Choices = Omit<Profile, "key"> & { readonly activity: string };

/** How long to wait for more letters before publishing what was typed. */
const PAUSE_MS = 400;

/** The form in which people say who they are, and what they are doing. */
export class OwnForm {
  #form = find("#you", HTMLFormElement);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes it. `nameless` is the name of people who give none. */
  constructor(nameless: string, onChange: (choices: Choices) => void) {
    find("#name", HTMLInputElement).placeholder = nameless;
    const options = [...ACTIVITIES].reverse().map(([code, meaning]) => {
      const option = made("option", `${wordOf(code)}: ${meaning}`);
      option.value = code;
      return option;
    });
    find("#activity", HTMLSelectElement).append(...options);
    const publish = () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#showMeaning();
      onChange(this.#read());
    };
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      publish();
    });
    this.#form.addEventListener("change", publish);
    this.#form.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(publish, PAUSE_MS);
    });
  }

  /** Shows what has been chosen, perhaps in another tab. */
  show({ name, activity, availability, status, invisible }: Choices) {
    // What is being typed stays.
    const typed = this.#timer === undefined ? { name, status } : {};
    const values = { activity, availability, ...typed };
    for (const [name, value] of Object.entries(values)) {
      const field = this.#form.elements.namedItem(name);
      if (field && "value" in field) field.value = value;
    }
    find("#invisible", HTMLInputElement).checked = invisible;
    this.#showMeaning();
  }

  #read(): Choices {
    const data = new FormData(this.#form);
    const said = (field: string) => String(data.get(field));
    return {
      name: said("name"),
      activity: said("activity"),
      availability: said("availability"),
      status: said("status"),
      invisible: data.has("invisible"),
    };
  }

  #showMeaning() {
    const meaning = AVAILABILITIES.get(this.#read().availability) ?? "";
    show(find("#availability-meaning", HTMLElement), meaning);
  }
}

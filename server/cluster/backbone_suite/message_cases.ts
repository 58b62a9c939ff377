import { ensureSame, until } from "./assertions.ts";
import { type Cases, CONTEXT, OTHER, type Party } from "./lab.ts";

/** A context that all follow. */
const ALL = '"all"';

/** A context that one node follows. */
function onlyOf(node: string): string {
  return JSON.stringify(["only", node]);
}

/** Has parties follow the context of all, and each its own. */
async function listen(...parties: readonly Party[]): Promise<void> {
  for (const { connection, node } of parties) {
    await connection.follow(ALL);
    await connection.follow(onlyOf(node));
  }
}

/** Sends a text until it arrives: one may be lost. */
async function sendUntilHeard(
  from: Party,
  text: string,
  hearers: readonly Party[],
  context = ALL,
): Promise<void> {
  await until(() => {
    const isHeard = hearers.every(({ texts }) =>
      texts.some(([to, node, heard]) =>
        to === context && node === from.node && heard === text
      )
    );
    if (!isHeard) from.connection.send(context, text);
    return isHeard;
  }, `${JSON.stringify(text)} is heard`);
}

function textsOf({ texts }: Party): string[] {
  return [...new Set(texts.map(([_to, from, text]) => `${from}: ${text}`))];
}

/** Texts between nodes. */
export const MESSAGE_CASES: Cases = {
  "send() brings a text to all others who follow": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.connect("c");
    await listen(a, b, c);
    await sendUntilHeard(a, "hello", [b, c]);
    await sendUntilHeard(b, "hi", [a, c]);
    ensureSame(textsOf(a), ["b: hi"], "it is not brought to oneself");
    ensureSame(textsOf(b), ["a: hello"], "it is not brought to oneself");
    ensureSame(textsOf(c), ["a: hello", "b: hi"], "it is brought to others");
  },

  "send() brings a text to nobody who follows elsewhere": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.join("c");
    await listen(a, b, c);
    await sendUntilHeard(a, "for b", [b], onlyOf("b"));
    a.connection.send(onlyOf("d"), "for nobody");
    await sendUntilHeard(a, "for all", [b, c]);
    ensureSame(textsOf(b), ["a: for b", "a: for all"], "b hears its own");
    ensureSame(textsOf(c), ["a: for all"], "c does not hear it");
  },

  "send() goes between two connections of one process": async (lab) => {
    const backbone = await lab.open();
    const a = await lab.join("a", backbone);
    const b = await lab.join("b", backbone);
    const c = await lab.join("c");
    await listen(a, b, c);
    await sendUntilHeard(a, "for b", [b], onlyOf("b"));
    await sendUntilHeard(b, "for a", [a], onlyOf("a"));
    await sendUntilHeard(c, "for all", [a, b]);
    ensureSame(textsOf(a), ["b: for a", "c: for all"], "a hears its own");
    ensureSame(textsOf(b), ["a: for b", "c: for all"], "b hears its own");
    await b.connection.close();
    await sendUntilHeard(c, "for a alone", [a]);
    ensureSame(textsOf(b), ["a: for b", "c: for all"], "b hears no more");
  },

  "send() brings any text, and by whatever name": async (lab) => {
    const odd = await lab.join("a.* > {b} ☃");
    const b = await lab.join("b");
    await listen(odd, b);
    for (const text of ["", "☃\n\u0000", "x".repeat(65_536)]) {
      await sendUntilHeard(b, text, [odd], onlyOf(odd.node));
      await sendUntilHeard(odd, text, [b], onlyOf("b"));
    }
  },

  "send() brings a text to those who follow, until they don't": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.join("c");
    for (const { connection } of [a, b]) await connection.follow(CONTEXT);
    await c.connection.follow(OTHER);
    const odd = '"a.* > {b} ☃"';
    await b.connection.follow(odd);
    await until(() => {
      a.connection.send(CONTEXT, "hello\n☃");
      c.connection.send(odd, "");
      return new Set(b.texts.map(([context]) => context)).size === 2;
    }, "b is told both texts");
    const told = new Set(b.texts.map((text) => JSON.stringify(text)));
    const expected = [[CONTEXT, "a", "hello\n☃"], [odd, "c", ""]]
      .map((text) => JSON.stringify(text));
    ensureSame([...told].sort(), expected.sort(), "b is told what was said");
    b.connection.unfollow(CONTEXT);
    // What was said twice elsewhere may still come.
    const here = () => b.texts.filter(([context]) => context === CONTEXT);
    const before = here().length;
    await until(() => {
      b.connection.send(CONTEXT, "by b");
      return a.texts.length > 0;
    }, "a is told a text");
    ensureSame(a.texts[0], [CONTEXT, "b", "by b"], "it is not told its own");
    ensureSame(here().slice(before), [], "b is told no more, nor its own");
    ensureSame(c.texts, [], "who follows elsewhere is told nothing");
    ensureSame(b.changes, [], "it is told as what it is");
  },
};

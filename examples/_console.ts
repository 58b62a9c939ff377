/** The layout of the walk-throughs: headings, notes, and rows in two columns. */

const COLOURS = Deno.stdout.isTerminal() && !Deno.noColor;

const bold = painter(1);
const dim = painter(2);
const cyan = painter(36);

/** Prints the title of a walk-through, and its story in a sentence. */
export function title(name: string, story: string): void {
  console.log(`${bold(name)}\n${dim(story)}`);
}

/** Prints the heading of a scene. */
export function scene(name: string): void {
  console.log(`\n${bold(`— ${name}`)}`);
}

/** Explains the rows around it. */
export function note(text: string): void {
  console.log(`  ${dim(text)}`);
}

/** Prints a row: a name, and a text. */
export function row(name: string, text: string): void {
  console.log(`  ${cyan(name.padEnd(14))} ${text}`);
}

function painter(code: number): (text: string) => string {
  return (text) => COLOURS ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** How the walk-throughs look: headings, notes, and rows in two columns. */

const COLOURS = Deno.stdout.isTerminal() && !Deno.noColor;

const bold = painter(1);
const dim = painter(2);
const cyan = painter(36);

/** Opens a walk-through: what it is called, and its story in a sentence. */
export function title(name: string, story: string): void {
  console.log(`${bold(name)}\n${dim(story)}`);
}

/** Opens a scene of the walk-through. */
export function scene(name: string): void {
  console.log(`\n${bold(`— ${name}`)}`);
}

/** Says why the rows around it are as they are. */
export function note(text: string): void {
  console.log(`  ${dim(text)}`);
}

/** Shows one thing: what it is, and what is known of it. */
export function row(name: string, text: string): void {
  console.log(`  ${cyan(name.padEnd(14))} ${text}`);
}

function painter(code: number): (text: string) => string {
  return (text) => COLOURS ? `\x1b[${code}m${text}\x1b[0m` : text;
}

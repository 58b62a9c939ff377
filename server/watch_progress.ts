/** How far a watch has come with the changes of what it watches. */
export class WatchProgress {
  readonly #source: { readonly changeCount: number };
  #read: number;

  /** Makes that of a watch that begins now. */
  constructor(source: { readonly changeCount: number }) {
    this.#source = source;
    this.#read = source.changeCount;
  }

  /** How many changes it has not looked at. */
  get lag(): number {
    return this.#source.changeCount - this.#read;
  }

  /** Takes note that it has looked at all there are. */
  catchUp(): void {
    this.#read = this.#source.changeCount;
  }
}

import { type HTMLElement, Window } from "happy-dom";
import { bundle, type Files, run } from "./bundle.ts";

/** What frameworks take from a page; all else is that of Deno. */
const GLOBALS = [
  "window",
  "document",
  "navigator",
  "location",
  "Node",
  "Text",
  "Comment",
  "Element",
  "HTMLElement",
  "HTMLIFrameElement",
  "HTMLMediaElement",
  "SVGElement",
  "ShadowRoot",
  "MathMLElement",
  "Event",
  "CustomEvent",
  "MutationObserver",
  "requestAnimationFrame",
] as const;

const bundles = new Map<string, Promise<string>>();

/** A page with an element, and a program that draws into it. */
export interface Dom<P> extends AsyncDisposable {
  /** What the program exports. */
  readonly program: P;
  /** The element. */
  readonly element: HTMLElement;
}

/**
 * Opens a page, and runs a program in it.
 *
 * @typeParam P What the program exports.
 */
export async function openDom<P>(files: Files): Promise<Dom<P>> {
  const key = JSON.stringify(files);
  const bundled = bundles.get(key) ??
    bundle(files, { platform: "browser", format: "cjs" });
  bundles.set(key, bundled);
  const window = new Window({ url: "http://localhost/" });
  const element = window.document.createElement("main");
  window.document.body.append(element);
  const globals = GLOBALS.map((name) => [name, Reflect.get(window, name)]);
  return {
    program: run<P>(await bundled, Object.fromEntries(globals)),
    element,
    [Symbol.asyncDispose]: () => window.happyDOM.close(),
  };
}

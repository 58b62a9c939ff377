/**
 * The styles of all views. The custom properties that begin with `--ruthere-` are
 * those of the application.
 */
const CSS = `
.remote-cursor,
.remote-pointer,
.remote-selection {
  position: absolute;
  box-sizing: border-box;
  pointer-events: none;
}

.remote-cursor,
.remote-selection {
  --shown: color-mix(in oklab, var(--color), white var(--ruthere-lift, 0%));
}

.remote-cursor {
  z-index: 1;
  width: var(--ruthere-caret-width, 2px);
  margin-left: calc(var(--ruthere-caret-width, 2px) / -2);
  transition: none;
}

/* As high as letters, not as lines. */
.remote-cursor::before {
  content: "";
  position: absolute;
  inset: 15% 0;
  border-radius: 1px;
  background: var(--shown);
  box-shadow: 0 0 0 0.5px color-mix(in srgb, currentColor 45%, transparent);
}

.remote-cursor.is-out {
  visibility: hidden;
}

.remote-cursor.is-faint {
  opacity: 0.55;
}

.remote-cursor.is-gliding,
.remote-pointer {
  transition: left var(--ruthere-glide, 100ms) linear,
    top var(--ruthere-glide, 100ms) linear;
}

.remote-pointer {
  z-index: 1;
}

.remote-pointer svg {
  display: block;
  width: 20px;
  height: 20px;
  margin: -2px 0 0 -3px;
  fill: var(--color);
  stroke: white;
  stroke-width: 1.5;
  stroke-linejoin: round;
}

.cursor-label {
  position: absolute;
  bottom: 85%;
  left: 0;
  box-sizing: border-box;
  width: max-content;
  max-width: 10rem;
  padding: 0 0.375rem;
  overflow: hidden;
  border-radius: 5px 5px 5px 0;
  background: var(--color);
  color: var(--ink-on-color);
  font-size: var(--ruthere-label-size, 0.6875rem);
  font-weight: 650;
  line-height: 1.65;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.is-below > .cursor-label {
  top: 85%;
  bottom: auto;
  border-radius: 0 5px 5px 5px;
}

.is-leftward > .cursor-label {
  right: 0;
  left: auto;
  border-radius: 5px 5px 0 5px;
}

.is-leftward.is-below > .cursor-label {
  border-radius: 5px 0 5px 5px;
}

.is-typing > .cursor-label::after {
  content: " …";
}

.remote-pointer > .cursor-label {
  top: 16px;
  bottom: auto;
  left: 13px;
  max-width: min(14rem, 50cqw - 17px);
  padding: 0.125rem 0.5rem;
  border-radius: 3px 10px 10px 10px;
  font-size: var(--ruthere-label-size, 0.8125rem);
  line-height: 1.45;
}

.remote-pointer.is-leftward > .cursor-label {
  right: 17px;
  left: auto;
  border-radius: 10px 3px 10px 10px;
}

.remote-pointer.is-above > .cursor-label {
  top: auto;
  bottom: 18px;
}

/* Letters do not fade below it. */
.remote-selection {
  mix-blend-mode: var(--ruthere-selection-blend, multiply);
  background: color-mix(in srgb, var(--shown) 28%, transparent);
}

.typing-indicator {
  min-height: 1.45em;
}

.typing-indicator.hidden {
  visibility: hidden;
}

.avatar-stack {
  display: flex;
}

.avatar-stack > * {
  position: relative;
  flex: none;
  box-sizing: border-box;
  min-width: var(--ruthere-avatar-size, 2rem);
  height: var(--ruthere-avatar-size, 2rem);
  border-radius: 99px;
  box-shadow: 0 0 0 2px var(--ruthere-avatar-ring, Canvas);
  font-size: calc(var(--ruthere-avatar-size, 2rem) * 0.375);
  font-weight: 700;
  line-height: var(--ruthere-avatar-size, 2rem);
  text-align: center;
}

.avatar-stack > * + * {
  margin-inline-start: calc(var(--ruthere-avatar-size, 2rem) * -0.125);
}

.avatar-stack-person {
  overflow: hidden;
  width: var(--ruthere-avatar-size, 2rem);
  background: var(--color);
  color: var(--ink-on-color);
}

.avatar-stack-person img {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  object-fit: cover;
}

.avatar-stack-rest {
  padding: 0 0.5em;
  background: color-mix(in srgb, Canvas, CanvasText 12%);
  color: CanvasText;
}

@media (prefers-color-scheme: dark) {
  .remote-cursor,
  .remote-selection {
    --shown: color-mix(in oklab, var(--color), white var(--ruthere-lift, 30%));
  }

  .remote-selection {
    mix-blend-mode: var(--ruthere-selection-blend, screen);
  }
}

@media (prefers-reduced-motion: reduce) {
  .remote-cursor.is-gliding,
  .remote-pointer {
    transition: none;
  }
}

@media (forced-colors: active) {
  .remote-cursor::before,
  .remote-pointer,
  .remote-selection,
  .cursor-label,
  .avatar-stack-person {
    forced-color-adjust: none;
  }
}
`;

/** The style sheet of each document: others can't adopt it. */
const sheets = new WeakMap<Document, CSSStyleSheet>();

/**
 * Gives the styles to the document or the shadow tree of an element, once. A
 * Content Security Policy allows that, as it does not allow a `style` element.
 */
export function adoptStyles(element: Element): void {
  const { ownerDocument } = element;
  const root = element.getRootNode();
  const adopter = root instanceof ShadowRoot ? root : ownerDocument;
  let sheet = sheets.get(ownerDocument);
  if (sheet === undefined) {
    const { CSSStyleSheet } = ownerDocument.defaultView ?? globalThis;
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    sheets.set(ownerDocument, sheet);
  }
  if (adopter.adoptedStyleSheets.includes(sheet)) return;
  adopter.adoptedStyleSheets = [...adopter.adoptedStyleSheets, sheet];
}

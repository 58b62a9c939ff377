import { assertEquals, assertStrictEquals } from "@std/assert";

const PROTOTYPES: readonly object[] = [
  Object,
  Array,
  Map,
  Set,
  Function,
  String,
  Number,
].map(({ prototype }) => prototype);

/** Records the built-in prototypes; the result compares them later. */
export function notePrototypes(): () => void {
  const noted = PROTOTYPES.map(propertiesOf);
  return () => {
    for (const [index, prototype] of PROTOTYPES.entries()) {
      const before = noted[index]!;
      const now = propertiesOf(prototype);
      assertEquals([...now.keys()], [...before.keys()]);
      for (const [name, { value, get, set }] of before) {
        assertStrictEquals(now.get(name)?.value, value);
        assertStrictEquals(now.get(name)?.get, get);
        assertStrictEquals(now.get(name)?.set, set);
      }
    }
  };
}

function propertiesOf(
  prototype: object,
): Map<PropertyKey, PropertyDescriptor> {
  const names = Reflect.ownKeys(prototype);
  return new Map(names.map((name) => [
    name,
    Reflect.getOwnPropertyDescriptor(prototype, name)!,
  ]));
}

/**
 * Runs with the `__proto__` of all other runtimes. Deno disables its own, so
 * that setting it never changes what an object inherits.
 */
export function withUntamedProto(run: () => void): void {
  const tamed = Object.getOwnPropertyDescriptor(Object.prototype, "__proto__");
  Object.defineProperty(Object.prototype, "__proto__", {
    configurable: true,
    enumerable: false,
    get(this: object) {
      return Object.getPrototypeOf(this);
    },
    set(this: object, prototype: object | null) {
      if (typeof prototype !== "object") return;
      Object.setPrototypeOf(this, prototype);
    },
  });
  try {
    run();
  } finally {
    Object.defineProperty(Object.prototype, "__proto__", tamed ?? {});
  }
}

import { transformAsync } from "@babel/core";
import { assert } from "@std/assert";
import solid from "babel-preset-solid";
import { transform } from "esbuild";
import { compile } from "svelte/compiler";
import { compileScript, parse } from "vue/compiler-sfc";

/** Compiles a component of Svelte for a page or for a server. */
export function compileSvelte(
  source: string,
  generate: "client" | "server",
): string {
  return compile(source, { generate }).js.code;
}

/** Compiles a component of Vue for a page. The result is TypeScript. */
export function compileVue(source: string): string {
  const { descriptor } = parse(source);
  const options = { id: "component", inlineTemplate: true };
  return compileScript(descriptor, options).content;
}

/** Compiles components of Solid for a page. */
export async function compileSolid(source: string): Promise<string> {
  const { code } = await transform(source, { loader: "tsx", jsx: "preserve" });
  const result = await transformAsync(code, {
    presets: [solid],
    configFile: false,
    babelrc: false,
  });
  assert(typeof result?.code === "string");
  return result.code;
}

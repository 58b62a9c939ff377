/** The request of a line with `curl`. */
export interface CurlRequest {
  readonly url: string;
  readonly init: RequestInit & { readonly headers: Headers };
}

/** Returns the requests of the `curl` lines of a text, in order. */
export function curlRequests(text: string): CurlRequest[] {
  return text.replaceAll("\\\n", " ").split("\n")
    .filter((line) => line.startsWith("curl "))
    .map(parse);
}

function parse(line: string): CurlRequest {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)]
    .map(([, quoted, bare]) => quoted ?? bare ?? "");
  const headers = new Headers();
  let url: string | undefined;
  let body: string | undefined;
  for (let index = 1; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "-N") continue;
    if (word === "-H") {
      const [name = "", ...value] = (words[++index] ?? "").split(":");
      headers.set(name, value.join(":").trim());
    } else if (word === "-d") body = words[++index];
    else if (word.startsWith("-") || url !== undefined) {
      throw new Error(`Cannot read curl line: ${word} is not understood`);
    } else url = word.includes("://") ? word : `http://${word}`;
  }
  if (url === undefined) throw new Error("Cannot read curl line: no URL");
  if (body === undefined) return { url, init: { headers } };
  return { url, init: { method: "POST", headers, body } };
}

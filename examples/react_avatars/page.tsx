/// <reference lib="dom" />
/** @jsxImportSource react */
/** @jsxImportSourceTypes @types/react */

import {
  LiveClient,
  type LiveModel,
  type LiveRoom,
  sameItems,
} from "@ruthere/presence/client";
import { createReactBindings } from "@ruthere/presence/react";
// @ts-types="@types/react"
import * as React from "react";
// @ts-types="@types/react-dom/client"
import { createRoot } from "react-dom/client";

interface Model extends LiveModel {
  facets: { name: string; pointer: { x: number; y: number } };
}

const { RoomProvider, useOthers, usePerson, useStatus, useUpdateMe } =
  createReactBindings<LiveRoom<Model>>(React);

// A reload keeps the name, so that it is the same person. In an application, the
// `token` of the client says who somebody is.
const name: string = sessionStorage.name ||= prompt("Your name?") || "Guest";
const client = new LiveClient<Model>({ url: location.origin, subject: name });
const enter = (id: string) => client.room(id, { facets: { name } });

function Page() {
  const updateMe = useUpdateMe();
  const ids = useOthers((others) => others.map(({ id }) => id), sameItems);
  return (
    <main
      onPointerMove={({ clientX, clientY }) =>
        updateMe({
          pointer: { x: clientX / innerWidth, y: clientY / innerHeight },
        })}
    >
      <ul aria-label="Who is here">
        {[name, ...ids].map((id) => <Avatar key={id} id={id} />)}
      </ul>
      <Status />
      {ids.map((id) => <Cursor key={id} id={id} />)}
    </main>
  );
}

function Avatar({ id }: { id: string }) {
  const { name = id } = usePerson(id)?.facets ?? {};
  return <li title={name} style={styleOf(id)}>{name.slice(0, 2)}</li>;
}

function Cursor({ id }: { id: string }) {
  const { name = id, pointer } = usePerson(id)?.facets ?? {};
  if (pointer === undefined) return null;
  const [left, top] = [`${pointer.x * 100}%`, `${pointer.y * 100}%`];
  return (
    <div className="cursor" style={{ ...styleOf(id), left, top }}>{name}</div>
  );
}

function Status() {
  const isLost = useStatus().type === "reconnecting";
  return <p role="status">{isLost && "The connection is lost. Wait …"}</p>;
}

/** Gives everybody a colour of their own. */
function styleOf(id: string) {
  const hue = [...id].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 0);
  return { background: `hsl(${hue % 360} 60% 35%)` };
}

createRoot(document.body).render(
  <RoomProvider id="lobby" open={enter}>
    <Page />
  </RoomProvider>,
);

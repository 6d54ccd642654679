"use client";

import { useEffect } from "react";
// Imported at the top, so that the server's part imports it too.
import { rerank } from "../rerank.js";

export default function Page() {
  useEffect(() => {
    rerank();
  }, []);
  return (
    <main>
      <p id="state" />
      <ol id="results" />
    </main>
  );
}

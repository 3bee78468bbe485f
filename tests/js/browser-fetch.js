// Node's fetch under a browser's CORS rules: a TypeError unless the other site allows it, and only exposed headers.

const READABLE = [
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
];

/** @type {typeof fetch} */
export const browserFetch = async (input, init) => {
  for (const name of new Headers(init?.headers).keys()) {
    // The fake hub answers no preflight, and a plain Range is the only header of ours that needs none.
    if (name !== "range") throw new TypeError(`Failed to fetch: ${name} needs a preflight`);
  }
  let response = await readable(await fetch(input, { ...init, redirect: "manual" }));
  while (response.redirectTo !== null) {
    response = await readable(await fetch(response.redirectTo, { ...init, redirect: "manual" }));
  }
  return response.answer;
};

/** @param {Response} response */
async function readable({ status, headers, body }) {
  if (headers.get("access-control-allow-origin") !== "*") {
    await body?.cancel();
    throw new TypeError("Failed to fetch: no Access-Control-Allow-Origin");
  }
  const exposed = (headers.get("access-control-expose-headers") ?? "").toLowerCase().split(",");
  const seen = [...headers].filter(([name]) => READABLE.includes(name) || exposed.includes(name));
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect) await body?.cancel();
  return {
    answer: new Response(isRedirect ? null : body, { status: isRedirect ? 200 : status, headers: seen }),
    redirectTo: isRedirect ? headers.get("location") : null,
  };
}

/** Hears how many bytes of a body have left this browser, and of how many. */
export type OnSent = (sent: number, total: number) => void

/** Hears what has come of an answer so far, each time that some more has, and of which media type it is. */
export type OnText = (text: string, type: string) => void

/** An XMLHttpRequest of which a part of the answer is there. */
const LOADING = 3

/**
 * As `fetch`, with progress: fetch does not tell how much of a body was sent. Fails as fetch does, with an AbortError
 * where the signal says so and a TypeError where no answer came, or only a part of one.
 */
export function upload(url: string, init: RequestInit, onSent: OnSent, onText: OnText = () => undefined): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = (): void => request.abort()
    request.open(init.method ?? "POST", url)
    for (const [name, value] of Object.entries(init.headers as Record<string, string>)) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => onSent(event.loaded, event.total)
    // Each part that comes is such a change; events of progress are held back, and the last one with them.
    request.onreadystatechange = () => {
      if (request.readyState === LOADING) onText(request.responseText, request.getResponseHeader("Content-Type") ?? "")
    }
    request.onload = () => resolve(responseOf(request))
    request.onerror = () => reject(new TypeError("No answer came"))
    request.onabort = () => reject(new DOMException("Stopped", "AbortError"))
    request.onloadend = () => init.signal?.removeEventListener("abort", stop)
    init.signal?.addEventListener("abort", stop)
    if (init.signal?.aborted) return reject(new DOMException("Stopped", "AbortError"))
    request.send(init.body as XMLHttpRequestBodyInit)
  })
}

function responseOf(request: XMLHttpRequest): Response {
  const lines = request.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean)
  const headers = lines.map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()])
  const empty = request.status === 204 || request.status === 304
  return new Response(empty ? null : request.responseText, { status: request.status, headers })
}

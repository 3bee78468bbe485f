// The reader's words for the engine's errors and notices, by code: see errors.js.

/** @import { StringTable } from "./strings.js" */

/** @satisfies {StringTable} */
export const ENGINE = {
  no_model: { en: "No model is loaded. Load one, then try again.", zh: "没有加载模型。请先加载一个模型，再试一次。" },
  worker_died: { en: "The engine stopped: {cause}.", zh: "引擎停止了：{cause}。" },
  restarting: { en: "It is restarting.", zh: "正在重新启动。" },
  reload_or_choose: { en: "Reload the page, or choose another model.", zh: "请重新加载本页，或选择另一个模型。" },
  download_again: {
    en: "{title} is not kept on this device and would have to be downloaded again. Load it again, or choose another model.",
    zh: "{title} 没有保存在这台设备上，需要重新下载。请再次加载它，或选择另一个模型。",
  },
  files_not_loaded: { en: "its files could not be loaded", zh: "无法加载它的文件" },
  message_unreadable: { en: "a message could not be read", zh: "有一条消息无法读取" },
  silent: { en: "it gave no reason", zh: "它没有说明原因就结束了" },
  not_started: { en: "its program could not be started ({cause})", zh: "它的程序无法启动（{cause}）" },
  out_of_memory: {
    en: "there was probably not enough memory ({cause}); close other tabs, or choose a smaller model",
    zh: "很可能是内存不足（{cause}）；请关闭其他标签页，或选择较小的模型",
  },

  // Downloads
  file_from: { en: "{name} from {host}", zh: "来自 {host} 的 {name}" },
  packed_model: { en: "the packed model", zh: "打包后的模型" },
  unreachable: {
    en: "Could not get {file}: the network is down, or the site does not let this page read the file (CORS). Check the network, then load again.",
    zh: "无法获取{file}：网络不通，或者该网站不允许本页读取这个文件（CORS）。请检查网络，然后再次加载。",
  },
  connection_lost: {
    en: "The connection was lost during the download of {file}. Check the network, then load again to continue.",
    zh: "接收{file} 时连接中断。请检查网络，然后再次加载，会从中断处继续。",
  },
  download_stalled: {
    en: "No data of {file} arrived for {seconds} seconds. Check the network, then load again to continue.",
    zh: "{file} 已有 {seconds} 秒没有传来任何内容。请检查网络，然后再次加载，会从中断处继续。",
  },
  not_found: {
    en: "There is no {file} (HTTP {status}). Choose another model.",
    zh: "找不到{file}（HTTP {status}）。请选择另一个模型。",
  },
  forbidden: {
    en: "Access to {file} was denied (HTTP {status}). Choose another model.",
    zh: "{file} 被拒绝访问（HTTP {status}）。请选择另一个模型。",
  },
  busy: {
    en: "The server is too busy to send {file} (HTTP {status}). Load again later.",
    zh: "服务器繁忙，无法发送{file}（HTTP {status}）。请稍后再次加载。",
  },
  busy_for: {
    en: "The server is too busy to send {file} (HTTP {status}). Load again in {seconds} seconds.",
    zh: "服务器繁忙，无法发送{file}（HTTP {status}）。请在 {seconds} 秒后再次加载。",
  },
  http_error: {
    en: "The server did not send {file} (HTTP {status}). Load again later.",
    zh: "服务器没有发送{file}（HTTP {status}）。请稍后再次加载。",
  },
  wrong_part: {
    en: "The server sent the wrong part of {file}. Load it again.",
    zh: "服务器发来的不是所请求的那一部分{file}。请再次加载。",
  },
  changed: {
    en: "{file} may have changed during the download. Load it again.",
    zh: "{file} 在下载期间可能发生了变化。请再次加载。",
  },
  file_ends: {
    en: "{file} has the wrong size: on the server it has at most {bytes} bytes. Nothing was kept; load it again.",
    zh: "{file} 大小不对：服务器上的文件最多只有 {bytes} 字节。没有保留任何内容；请再次加载。",
  },
  file_too_short: {
    en: "{file} has the wrong size: it ends after {bytes} bytes, not {expected}. Nothing was kept; load it again.",
    zh: "{file} 大小不对：到 {bytes} 字节就结束了，应为 {expected} 字节。没有保留任何内容；请再次加载。",
  },
  file_too_long: {
    en: "{file} has the wrong size: it has at least {bytes} bytes, not {expected}. Nothing was kept; load it again.",
    zh: "{file} 大小不对：至少有 {bytes} 字节，应为 {expected} 字节。没有保留任何内容；请再次加载。",
  },
  wrong_hash: {
    en: "{file} is damaged: its SHA-256 is {sha256}, not {expected}. Nothing was kept; load it again.",
    zh: "{file} 已损坏：其 SHA-256 为 {sha256}，应为 {expected}。没有保留任何内容；请再次加载。",
  },
  not_verified: {
    en: "{file} could not be verified: no hash is published for it.",
    zh: "无法校验{file}：没有公布它的散列值。",
  },
  other_numbers: {
    en: "{title} does not compute the published numbers here; its text may be worse. Load it again.",
    zh: "{title} 在这里算出的数值与公布的不同，写出的文字可能较差。请再次加载。",
  },
  kept_elsewhere: {
    en: "Another tab is already storing {file}.",
    zh: "另一个标签页正在保存{file}，所以这里不再保存。",
  },
  no_storage: {
    en: "This browser gives the page no storage, as some private windows do: the model works now, but the next visit downloads it again.",
    zh: "这个浏览器不给本页存储空间，有些浏览器的无痕窗口就是这样：模型现在可用，但下次访问要重新下载。",
  },
  not_kept: {
    en: "{file} could not be kept on this device: {cause}. It works now, but the next visit downloads it again. Load it again to keep it.",
    zh: "{file} 无法保存在这台设备上：{cause}。现在可用，但下次访问要重新下载；要保存它，请再次加载。",
  },
  not_kept_full: {
    en: "{file} could not be kept on this device: this page's storage is full. It works now, but the next visit downloads it again. Free some space, then load it again to keep it.",
    zh: "{file} 无法保存在这台设备上：本页的存储空间已满。现在可用，但下次访问要重新下载；要保存它，请腾出一些空间，再次加载。",
  },
};

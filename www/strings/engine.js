// The engine's part of the page's words: why it stopped, and what became of a download.

export const ENGINE = {
  engine_stopped: { en: "The engine stopped: {cause}.", zh: "引擎停止了：{cause}。" },
  engine_restarts: { en: "It is being started again.", zh: "正在重新启动。" },
  engine_way_out: { en: "Reload the page, or choose another model.", zh: "请重新加载本页，或选择另一个模型。" },
  engine_not_kept: {
    en: "{title} is not kept on this device and would have to be downloaded again. Load it again, or choose another model.",
    zh: "{title} 没有保存在这台设备上，需要重新下载。请再次加载它，或选择另一个模型。",
  },
  cause_files: { en: "its files could not be loaded", zh: "无法加载它的文件" },
  cause_message: { en: "a message could not be read", zh: "有一条消息无法读取" },
  cause_silent: { en: "it ended without a word", zh: "它没有说明原因就结束了" },
  cause_not_started: { en: "its program could not be started ({cause})", zh: "它的程序无法启动（{cause}）" },
  cause_memory: {
    en: "most likely there was not enough memory ({cause}); close other tabs, or choose a smaller model",
    zh: "很可能是内存不足（{cause}）；请关闭其他标签页，或选择较小的模型",
  },

  // Downloads
  file_from: { en: "{file} from {host}", zh: "来自 {host} 的 {file}" },
  packed_model: { en: "the packed model", zh: "打包后的模型" },
  unreachable: {
    en: "Could not get {title}: the network is down, or the site does not let this page read the file (CORS). Check the network, then load again.",
    zh: "无法获取{title}：网络不通，或者该网站不允许本页读取这个文件（CORS）。请检查网络，然后再次加载。",
  },
  connection_lost: {
    en: "The connection broke while {title} was arriving. Check the network, then load again to go on from there.",
    zh: "接收{title} 时连接中断。请检查网络，然后再次加载，会从中断处继续。",
  },
  download_stalled: {
    en: "Nothing of {title} came for {seconds} seconds. Check the network, then load again to go on from there.",
    zh: "{title} 已有 {seconds} 秒没有传来任何内容。请检查网络，然后再次加载，会从中断处继续。",
  },
  not_found: {
    en: "There is no {title} (HTTP {status}). Choose another model.",
    zh: "找不到{title}（HTTP {status}）。请选择另一个模型。",
  },
  forbidden: {
    en: "Access to {title} is refused (HTTP {status}). Choose another model.",
    zh: "{title} 被拒绝访问（HTTP {status}）。请选择另一个模型。",
  },
  busy: {
    en: "The server is too busy to send {title} (HTTP {status}). Load again later.",
    zh: "服务器繁忙，无法发送{title}（HTTP {status}）。请稍后再次加载。",
  },
  busy_for: {
    en: "The server is too busy to send {title} (HTTP {status}). Load again in {seconds} seconds.",
    zh: "服务器繁忙，无法发送{title}（HTTP {status}）。请在 {seconds} 秒后再次加载。",
  },
  http_error: {
    en: "The server did not send {title} (HTTP {status}). Load again later.",
    zh: "服务器没有发送{title}（HTTP {status}）。请稍后再次加载。",
  },
  wrong_part: {
    en: "The server sent another part of {title} than asked for. Load it again.",
    zh: "服务器发来的不是所请求的那一部分{title}。请再次加载。",
  },
  file_changed: {
    en: "{title} may have changed while it was downloaded. Load it again.",
    zh: "{title} 在下载期间可能发生了变化。请再次加载。",
  },
  file_ends: {
    en: "{title} has the wrong size: it ends after at most {bytes} bytes on the server. Nothing of it was kept; load it again.",
    zh: "{title} 大小不对：服务器上的文件最多只有 {bytes} 字节。没有保留任何内容；请再次加载。",
  },
  file_too_short: {
    en: "{title} has the wrong size: it ends after {bytes} bytes, not {expected}. Nothing of it was kept; load it again.",
    zh: "{title} 大小不对：到 {bytes} 字节就结束了，应为 {expected} 字节。没有保留任何内容；请再次加载。",
  },
  file_too_long: {
    en: "{title} has the wrong size: it has at least {bytes} bytes, not {expected}. Nothing of it was kept; load it again.",
    zh: "{title} 大小不对：至少有 {bytes} 字节，应为 {expected} 字节。没有保留任何内容；请再次加载。",
  },
  wrong_hash: {
    en: "{title} is damaged: its SHA-256 is {sha256}, not {expected}. Nothing of it was kept; load it again.",
    zh: "{title} 已损坏：其 SHA-256 为 {sha256}，应为 {expected}。没有保留任何内容；请再次加载。",
  },
  not_verified: {
    en: "{title} could not be verified: no hash of it is published.",
    zh: "无法校验{title}：没有公布它的散列值。",
  },
  other_numbers: {
    en: "{title} computes other numbers here than published; its text may be worse. Load it again.",
    zh: "{title} 在这里算出的数值与公布的不同，写出的文字可能较差。请再次加载。",
  },
  kept_elsewhere: {
    en: "Another tab is keeping {title}, so this one does not.",
    zh: "另一个标签页正在保存{title}，所以这里不再保存。",
  },
  no_storage: {
    en: "This browser gives the page no storage, as some do in private windows: the model works now, but the next visit downloads it again.",
    zh: "这个浏览器不给本页存储空间，有些浏览器的无痕窗口就是这样：模型现在可用，但下次访问要重新下载。",
  },
  not_kept: {
    en: "{title} could not be kept on this device: {cause}. It works now, but the next visit downloads it again; load it again to keep it.",
    zh: "{title} 无法保存在这台设备上：{cause}。现在可用，但下次访问要重新下载；要保存它，请再次加载。",
  },
  not_kept_full: {
    en: "{title} could not be kept on this device: the storage for this page is full. It works now, but the next visit downloads it again; free some space and load it again to keep it.",
    zh: "{title} 无法保存在这台设备上：本页的存储空间已满。现在可用，但下次访问要重新下载；要保存它，请腾出一些空间，再次加载。",
  },
};

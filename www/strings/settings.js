// The words of the settings dialog, a part of the page's table.

export const SETTINGS = {
  settings: { en: "Settings", zh: "设置" },
  settings_not_kept: {
    en: "This browser keeps no settings for this page: these hold until you leave it.",
    zh: "这个浏览器不为本页保存设置：现在的设置只在离开本页之前有效。",
  },
  settings_shown: { en: "What is shown", zh: "显示什么" },
  settings_written: { en: "How the model writes", zh: "模型怎样写" },
  setting_delay_ms: { en: "Delay", zh: "延迟" },
  setting_delay_ms_note: { en: "From your last key to the question.", zh: "从你按下最后一个键到开始询问。" },
  setting_n_alternatives: { en: "Suggestions", zh: "建议条数" },
  setting_n_alternatives_note: { en: "How many to choose from.", zh: "可供选择的条数。" },
  setting_max_new_tokens: { en: "Length", zh: "长度" },
  setting_max_new_tokens_note: {
    en: "A token is a word or a piece of one. A suggestion ends with its sentence, or earlier.",
    zh: "一个词元是一个词或词的一部分。建议最迟在句末结束。",
  },
  setting_gate: { en: "Least confidence", zh: "最低把握" },
  setting_gate_note: {
    en: "The probability that the model must give the first word of what it suggests unasked; 0 shows everything.",
    zh: "模型主动给出建议时，其第一个词所需的最低概率；0 表示全部显示。",
  },
  gate_low: { en: "show more", zh: "多显示" },
  gate_high: { en: "show less", zh: "少显示" },
  pauses: {
    en: "At this confidence, {withSuggestion} of your last {pauses} pauses got a suggestion.",
    zh: "在这一把握下，你最近 {pauses} 次停顿中有 {withSuggestion} 次得到了建议。",
  },
  no_pauses: {
    en: "Write on, then look here: how many of your pauses got a suggestion.",
    zh: "继续写，再回来看：你的停顿中有多少次得到了建议。",
  },
  setting_temperature: { en: "Temperature", zh: "温度" },
  setting_temperature_note: { en: "Lower keeps to what is likely, higher dares more.", zh: "越低越稳妥，越高越大胆。" },
  setting_top_p: { en: "Top-p", zh: "Top-p" },
  setting_top_p_note: {
    en: "Draws from the likeliest tokens that have this share of the probability together.",
    zh: "只从概率之和达到这一比例的最可能的词元中选取。",
  },
  setting_top_k: { en: "Top-k", zh: "Top-k" },
  setting_top_k_note: {
    en: "Draws from this many of the likeliest tokens; 0 sets no limit.",
    zh: "只从这么多个最可能的词元中选取；0 表示不限。",
  },
  setting_repetition_penalty: { en: "Repetition penalty", zh: "重复惩罚" },
  setting_repetition_penalty_note: {
    en: "Makes less likely what is in the text already; 1 does nothing.",
    zh: "降低文中已有词语的概率；1 表示不起作用。",
  },
  setting_max_time: { en: "Time limit", zh: "时间上限" },
  setting_max_time_note: { en: "What has come by then is all.", zh: "到时为止，有多少算多少。" },
  setting_seed: { en: "Seed", zh: "随机种子" },
  setting_seed_note: {
    en: "The same seed brings the same suggestions; empty draws a new one each time.",
    zh: "种子相同，建议就相同；留空则每次另取一个。",
  },
  setting_empty: { en: "empty", zh: "空" },
  setting_range: { en: "{min} to {max} · default {initial}", zh: "{min} 至 {max} · 默认 {initial}" },
  unit_ms: { en: "ms", zh: "毫秒" },
  unit_tokens: { en: "tokens", zh: "个词元" },
  unit_s: { en: "s", zh: "秒" },
  not_number: {
    en: "{name} must be a number from {min} to {max}, not “{value}”; it stays {present}.",
    zh: "“{name}”须为 {min} 至 {max} 之间的数，不能是“{value}”；仍为 {present}。",
  },
  not_whole_number: {
    en: "{name} must be a whole number from {min} to {max}, not “{value}”; it stays {present}.",
    zh: "“{name}”须为 {min} 至 {max} 之间的整数，不能是“{value}”；仍为 {present}。",
  },
  reset: { en: "Reset", zh: "重置" },
  reset_setting: { en: "Reset {name}", zh: "重置{name}" },
};

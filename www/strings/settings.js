// Strings of the settings dialog.

/** @import { StringTable } from "./strings.js" */

/** @satisfies {StringTable} */
export const SETTINGS = {
  settings: { en: "Settings", zh: "设置" },
  settings_not_kept: {
    en: "This browser does not store settings for this page. They last until you leave it.",
    zh: "这个浏览器不为本页保存设置：现在的设置只在离开本页之前有效。",
  },
  settings_shown: { en: "What to show", zh: "显示什么" },
  settings_written: { en: "How the model writes", zh: "模型怎样写" },
  setting_delay_ms: { en: "Delay", zh: "延迟" },
  setting_delay_ms_note: { en: "From your last keystroke to the request.", zh: "从你按下最后一个键到开始询问。" },
  setting_n_alternatives: { en: "Suggestions", zh: "建议条数" },
  setting_n_alternatives_note: { en: "How many to choose from.", zh: "可供选择的条数。" },
  setting_max_new_tokens: { en: "Length", zh: "长度" },
  setting_max_new_tokens_note: {
    en: "A token is a word or part of one. A suggestion ends with its sentence, or earlier.",
    zh: "一个词元是一个词或词的一部分。建议最迟在句末结束。",
  },
  setting_gate: { en: "Minimum confidence", zh: "最低把握" },
  setting_gate_note: {
    en: "An unrequested suggestion is shown only if its first word is at least this likely; 0 shows everything.",
    zh: "模型主动给出建议时，其第一个词所需的最低概率；0 表示全部显示。",
  },
  gate_low: { en: "show more", zh: "多显示" },
  gate_high: { en: "show less", zh: "少显示" },
  pauses: {
    en: "At this confidence, {withSuggestion} of your last {pauses} pauses got a suggestion.",
    zh: "在这一把握下，你最近 {pauses} 次停顿中有 {withSuggestion} 次得到了建议。",
  },
  no_pauses: {
    en: "Keep writing, then see here how many of your pauses got a suggestion.",
    zh: "继续写，再回来看：你的停顿中有多少次得到了建议。",
  },
  setting_temperature: { en: "Temperature", zh: "温度" },
  setting_temperature_note: { en: "Lower is safer, higher is bolder.", zh: "越低越稳妥，越高越大胆。" },
  setting_top_p: { en: "Top-p", zh: "Top-p" },
  setting_top_p_note: {
    en: "Draws from the likeliest tokens that together have this share of the probability.",
    zh: "只从概率之和达到这一比例的最可能的词元中选取。",
  },
  setting_top_k: { en: "Top-k", zh: "Top-k" },
  setting_top_k_note: {
    en: "Draws from this many of the likeliest tokens; 0 for no limit.",
    zh: "只从这么多个最可能的词元中选取；0 表示不限。",
  },
  setting_repetition_penalty: { en: "Repetition penalty", zh: "重复惩罚" },
  setting_repetition_penalty_note: {
    en: "Makes words already in the text less likely; 1 has no effect.",
    zh: "降低文中已有词语的概率；1 表示不起作用。",
  },
  setting_max_time: { en: "Time limit", zh: "时间上限" },
  setting_max_time_note: { en: "A suggestion ends after this time, finished or not.", zh: "到时为止，有多少算多少。" },
  setting_seed: { en: "Seed", zh: "随机种子" },
  setting_seed_note: {
    en: "The same seed gives the same suggestions; leave empty for a new one each time.",
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

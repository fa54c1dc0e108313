"""The one list of evidence fields: every word a finding may carry, with its unit and its names.

A new word is one line here; before adding one, look whether an existing field says the same.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Field:
    """One evidence field: the unit it is in ("" for text and counts without one) and what people read."""

    unit: str
    zh: str
    en: str


UNITS: Final[dict[str, str]] = {
    "fen": "分",
    "m": "米",
    "s": "秒",
    "days": "天",
    "ratio": "比值",
    "km/h": "公里/小时",
    "count": "次",
}

FIELDS: Final[dict[str, Field]] = {
    "alighted_event_ms": Field("ms", "乘客离座时刻", "when the seat emptied"),
    "band": Field("", "超速幅度", "band of excess"),
    "batches_over_1h": Field("count", "延迟超过一小时的批次", "batches later than one hour"),
    "boarded_event_ms": Field("ms", "乘客落座时刻", "when the seat was taken"),
    "apart_m": Field("m", "两车相距", "between both cars"),
    "called_after_s": Field("s", "下车后多久再叫车", "another taxi called after"),
    "drops_near": Field("count", "附近其他上下车次数", "other trips that began or ended near"),
    "gap_s": Field("s", "两程间隔", "between both trips"),
    "partner": Field("", "另一辆车", "the other car"),
    "partner_trip": Field("", "另一程", "the other trip"),
    "turn_deg": Field("", "方向变化（度）", "turn of the way, degrees"),
    "cancel_reason": Field("", "取消原因", "reason of the cancellation"),
    "nearest_m": Field("m", "距约定上车点最近", "nearest to the pick-up"),
    "order_id": Field("", "订单号", "order"),
    "category": Field("", "投诉类别", "category of the complaint"),
    "complaint_id": Field("", "投诉编号", "complaint"),
    "document_no": Field("", "文书号或证明", "number of the document, or its proof"),
    "inspection_id": Field("", "检查编号", "inspection"),
    "receipt_printed": Field("", "是否打印发票", "whether a receipt was printed"),
    "window_from_ms": Field("ms", "事发时段开始", "it happened not before"),
    "window_to_ms": Field("ms", "事发时段结束", "it happened not after"),
    "boarded_zone": Field("", "上车区域", "zone of boarding"),
    "alighted_zone": Field("", "下车区域", "zone of alighting"),
    "devices_down": Field("", "设备故障记录", "device recorded as down"),
    "dark_s": Field("s", "无定位时长", "time without a position"),
    "confidence": Field("ratio", "识别置信度", "how sure the recogniser was"),
    "delay_mean_s": Field("s", "平均延迟", "mean delay"),
    "driving_s": Field("s", "驾驶时长", "time driven"),
    "detour_from": Field("", "绕行起点", "where the ways part"),
    "detour_to": Field("", "绕行终点", "where they meet again"),
    "distance_m": Field("m", "行驶距离", "distance driven"),
    "due_high_fen": Field("fen", "应收上限", "highest lawful fare"),
    "due_low_fen": Field("fen", "应收下限", "lowest lawful fare"),
    "excuse_ids": Field("", "适用的免责记录", "excuses that cover it"),
    "excuse_unapproved": Field("", "未获批准的免责记录", "excuse on file but not approved"),
    "extra_fen": Field("fen", "多收车费", "extra fare"),
    "extra_m": Field("m", "多行距离", "extra distance"),
    "extra_s": Field("s", "多用时间", "extra time"),
    "fare_fen": Field("fen", "计价器金额", "fare on the meter"),
    "fixes": Field("count", "定位点数", "positions"),
    "frames": Field("count", "识别帧数", "frames"),
    "gnss_m": Field("m", "卫星定位里程", "distance by GNSS"),
    "held_s": Field("s", "持续时间", "how long it lasted"),
    "kind": Field("", "情形", "which case"),
    "level": Field("", "报警等级", "level of the alarm"),
    "limit_name": Field("", "限速或限速区域名称", "name of the limit or of its zone"),
    "limit_source": Field("", "限速来源", "where the limit is from"),
    "lead": Field("", "线索去向", "what follows"),
    "longest_gap_s": Field("s", "最长定位间断", "longest gap in the track"),
    "matched_ratio": Field("ratio", "轨迹上路匹配比例", "share of the track that fits the roads"),
    "mean_excess": Field("ratio", "平均超速比例", "mean excess"),
    "mean_kmh": Field("km/h", "平均速度", "mean speed"),
    "measured_by": Field("", "载客依据", "what showed passengers"),
    "media": Field("", "影像文件", "picture or clip, by name"),
    "media_sha256": Field("", "影像校验值", "SHA-256 of the picture or clip"),
    "metered_m": Field("m", "计价器里程", "metered distance"),
    "moved_m": Field("m", "移动距离", "distance moved"),
    "night_from": Field("", "夜间开始", "night begins"),
    "night_to": Field("", "夜间结束", "night ends"),
    "odometer_m": Field("m", "里程表里程", "distance by the odometer"),
    "paid_fen": Field("fen", "实付金额", "amount paid"),
    "papers": Field("", "失效证件", "papers not valid"),
    "permit_valid_to_day": Field("day", "营运证有效期至", "vehicle permit valid to"),
    "licence_valid_to_day": Field("day", "从业资格证有效期至", "licence valid to"),
    "place": Field("", "地点", "place"),
    "rate_code": Field("", "计价档", "rate used"),
    "reference_kind": Field("", "参照", "what is the reference"),
    "reference_m": Field("m", "合理路线最长距离", "longest reasonable route"),
    "reference_s": Field("s", "合理路线用时", "time of the reasonable route"),
    "registered_from_day": Field("day", "注册起始", "registered from"),
    "registered_to_day": Field("day", "注册截止", "registered to"),
    "reported_ms": Field("ms", "报修时刻", "when it was reported"),
    "rest_longest_s": Field("s", "最长休息", "longest rest"),
    "road": Field("", "道路", "road"),
    "route": Field("", "合理路线", "the reasonable route"),
    "seen_by": Field("", "识别设备", "what saw it"),
    "separation_m": Field("m", "两处最大距离", "farthest apart"),
    "similar_median_m": Field("m", "可比行程中位距离", "median of comparable trips"),
    "similar_n": Field("count", "可比行程数", "comparable trips"),
    "similar_share_shorter": Field(
        "ratio", "更短的可比行程比例", "share of comparable trips that were shorter"
    ),
    "strange_share": Field("ratio", "同样少见的普通行程比例", "share of ordinary trips as strange"),
    "surcharge_fen": Field("fen", "附加费", "surcharges"),
    "surcharge_high_fen": Field("fen", "附加费上限", "highest lawful surcharges"),
    "switches": Field("count", "两处交替次数", "changes between the two places"),
    "step_fen": Field("fen", "一跳加进位", "one meter step and rounding"),
    "ticket_ids": Field("", "报修工单", "repair tickets"),
    "tip_fen": Field("fen", "小费", "tip"),
    "tolls_fen": Field("fen", "过路费", "tolls"),
    "took_s": Field("s", "实际用时", "time it took"),
    "top_kmh": Field("km/h", "最高速度", "top speed"),
    "trips": Field("count", "行程数", "trips"),
    "tunnel_gap_m": Field("m", "隧道内无定位里程", "metres in tunnels without a position"),
    "unusual_m": Field("m", "偏离常走道路的距离", "distance off the usual roads"),
    "way_ids": Field("", "道路编号", "ids of the roads"),
    "waiting_s": Field("s", "等候时间", "waiting time"),
}

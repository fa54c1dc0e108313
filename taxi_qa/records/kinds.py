"""Every kind of record that may arrive, column by column (the contract of record formats)."""

from typing import Final

from taxi_qa.records.column import Column, Kind

_MAX_SPEED_KMH: Final = 250
_MAX_TRIP_KM: Final = 1_000
_MAX_YUAN: Final = 100_000
_DAY_S: Final = 86_400


def _id(name: str, *aliases: str, required: bool = False, about: str = "") -> Column:
    return Column(name, "id", required, aliases, about=about)


def _text(name: str, *aliases: str, required: bool = False, about: str = "") -> Column:
    return Column(name, "text", required, aliases, about=about)


def _time(name: str, *aliases: str, required: bool = False, about: str = "") -> Column:
    return Column(name, "time", required, aliases, about=about)


def _date(name: str, *aliases: str, required: bool = False, about: str = "") -> Column:
    return Column(name, "date", required, aliases, about=about)


def _yuan(name: str, *aliases: str, required: bool = False, low: float = 0, about: str = "") -> Column:
    return Column(name, "yuan", required, aliases, low, _MAX_YUAN, about=about)


def _flag(name: str, *aliases: str, words: dict[str, str] | None = None, about: str = "") -> Column:
    return Column(name, "flag", aliases=aliases, words=words or {}, about=about)


def _lon(name: str, *aliases: str, required: bool = False) -> Column:
    return Column(name, "lon", required, aliases, -180, 180, about="decimal degrees")


def _lat(name: str, *aliases: str, required: bool = False) -> Column:
    return Column(name, "lat", required, aliases, -90, 90, about="decimal degrees")


def _whole(name: str, *aliases: str, low: float = 0, high: float | None = None, about: str = "") -> Column:
    return Column(name, "whole", aliases=aliases, low=low, high=high, about=about)


def _number(name: str, *aliases: str, low: float = 0, high: float | None = None, about: str = "") -> Column:
    return Column(name, "number", aliases=aliases, low=low, high=high, about=about)


def _choice(
    name: str,
    choices: tuple[str, ...],
    *aliases: str,
    required: bool = False,
    words: dict[str, str] | None = None,
) -> Column:
    return Column(name, "choice", required, aliases, choices=choices, words=words or {})


_VEHICLE = _id("vehicle_id", "车牌号", "车牌号码", "车牌", "车号", required=True, about="the plate, 粤T12345")
_VEHICLE_IF_KNOWN = _id("vehicle_id", "车牌号", "车牌号码", "车牌", "车号", about="the plate, 粤T12345")
_DRIVER = _id("driver_id", "从业资格证号", "资格证号", required=True, about="the driver's licence to operate")
_DRIVER_IF_KNOWN = _id("driver_id", "从业资格证号", "资格证号", about="the driver's licence to operate")
_COMPANY = _id("company_id", "企业编号", "公司编号", required=True)
_DATUM = _choice("datum", ("wgs84", "gcj02", "bd09"), "坐标系")

DEVICES: Final = ("gnss", "meter", "camera", "recorder", "rating", "terminal")

EVENT_KINDS: Final = (
    "phone", "smoking", "eating", "no_belt_driver", "no_belt_passenger", "belt_ok_passenger", "belt_reminder",
    "passenger_count", "passenger_boarded", "passenger_alighted", "lens_covered", "camera_fault", "storage_fault",
    "fatigue", "distracted", "driver_absent", "driver_mismatch", "harsh_acceleration", "harsh_braking",
    "harsh_turn", "not_yielding", "power_cut", "antenna_cut", "gnss_fault", "meter_fault", "meter_clock_fault",
    "device_test", "emergency", "pause_sign_on", "pause_sign_off",
)  # fmt: skip

COMPANIES = Kind(
    "companies", ("company_id",), None,
    (
        _COMPANY,
        _text("name", "企业名称", "公司名称", required=True),
        _id("permit_no", "经营许可证号"),
        _text("contact", "联系人"),
    ),
    "A taxi company.",
)  # fmt: skip

DRIVERS = Kind(
    "drivers", ("driver_id",), None,
    (
        _DRIVER,
        _text("name", "姓名", required=True),
        _COMPANY,
        _date("registered_from", "注册日期", required=True),
        _date("registered_to", "注册截止日期", about="that day included"),
        _date("licence_valid_to", "资格证有效期", about="that day included"),
        _id("phone", "电话", "手机号"),
    ),
    "A driver and the papers that let him operate.",
)  # fmt: skip

VEHICLES = Kind(
    "vehicles", ("vehicle_id",), None,
    (
        _VEHICLE,
        _COMPANY,
        _whole("seats", "座位数", "核载人数", low=2, high=9, about="with the driver's; 5 where it is not given"),
        _choice("energy", ("combustion", "electric"), "能源类型",
                words={"燃油": "combustion", "汽油": "combustion", "纯电动": "electric", "电动": "electric"}),
        _date("permit_valid_to", "营运证有效期", about="that day included"),
        _id("terminal_id", "终端编号", "ISU"),
        _id("meter_no", "计价器编号"),
        _date("meter_verified_on", "计价器检定日期"),
        _flag("has_belt_sensor", "安全带传感器"),
        _flag("has_seat_sensor", "座椅传感器"),
        _flag("has_camera", "摄像头"),
    ),
    "A taxi and what is fitted to it.",
)  # fmt: skip

SHIFTS = Kind(
    "shifts", ("vehicle_id", "driver_id", "start"), "start",
    (
        _VEHICLE,
        _DRIVER,
        _time("start", "上班时间", "签到时间", required=True),
        _time("end", "下班时间", "签退时间", about="empty while the shift is on"),
        _choice("source", ("card", "face", "roster"), "签到方式",
                words={"刷卡": "card", "人脸": "face", "排班": "roster"}),
    ),
    "Who signed in on which car, from when to when.",
)  # fmt: skip

_LOADED_WORDS = {"重车": "1", "空车": "0", "载客": "1", "空驶": "0"}

POSITIONS = Kind(
    "positions", ("vehicle_id", "time", "lon", "lat"), "time",
    (
        _VEHICLE,
        _time("time", "定位时间", "gps时间", required=True),
        _lon("lon", "经度", required=True),
        _lat("lat", "纬度", required=True),
        _number("speed_kmh", "速度", "行驶速度", high=_MAX_SPEED_KMH),
        _number("heading_deg", "方向", "方向角", high=360),
        _flag("loaded", "载客状态", "空重车状态", words=_LOADED_WORDS, about="the meter's own flag"),
        _flag("fixed", "定位状态", words={"已定位": "1", "未定位": "0"}, about="whether the receiver had a fix"),
        _flag("acc_on", "ACC状态", "点火状态"),
        _flag("out_of_service", "停运状态"),
        _flag("booked", "预约状态"),
        Column("odometer_km", "km", aliases=("里程表", "总里程"), low=0, high=2_000_000),
        Column("alarms", "names", aliases=("报警", "报警信息"), about="names joined by ;"),
        _time("received_at", "接收时间", "入库时间", about="when the platform received it"),
        _DATUM,
    ),
    "Where a taxi was; a merely suspicious one is kept and labelled, never refused.",
)  # fmt: skip

RATE_CODES: Final = ("day", "night", "return", "out_of_town", "flat", "negotiated", "metered")
PAYMENTS: Final = ("cash", "card", "transit_card", "app", "other")

TRIPS = Kind(
    "trips", ("trip_id",), "boarded_at",
    (
        _id("trip_id", "行程编号", "营运编号", required=True),
        _VEHICLE,
        _DRIVER_IF_KNOWN,
        _time("boarded_at", "上车时间", required=True),
        _time("alighted_at", "下车时间", required=True),
        Column("metered_km", "km", required=True, aliases=("计程", "计程公里", "载客里程"), low=0, high=_MAX_TRIP_KM),
        Column("empty_km", "km", aliases=("空驶里程",), low=0, high=_MAX_TRIP_KM),
        _number("waiting_s", "等候时间", high=_DAY_S),
        _yuan("fare_yuan", "金额", "车费", required=True, about="the meter's fare without surcharges and tolls"),
        _yuan("surcharge_yuan", "附加费"),
        _yuan("tolls_yuan", "过路费", "路桥费"),
        _yuan("paid_yuan", "实付", "实收金额"),
        _yuan("tip_yuan", "小费"),
        _choice("payment", PAYMENTS, "支付方式", "交易类型",
                words={"现金": "cash", "银行卡": "card", "公交卡": "transit_card", "手机": "app", "其他": "other"}),
        _whole("rating", "评价", "满意度", high=4,
               about="0 none, 1 satisfied, 2 average, 3 dissatisfied, 4 complaint"),
        _id("order_id", "订单号", "电召订单号", about="empty: hailed in the street"),
        _whole("passengers", "乘客人数", high=20),
        _text("rate_code", "费率", about=f"{', '.join(RATE_CODES)}; any other is kept and leaves the rate open"),
        _flag("receipt_printed", "打印发票"),
        _lon("boarded_lon", "上车经度"),
        _lat("boarded_lat", "上车纬度"),
        _lon("alighted_lon", "下车经度"),
        _lat("alighted_lat", "下车纬度"),
        _id("boarded_zone", "上车区域"),
        _id("alighted_zone", "下车区域"),
        _DATUM,
    ),
    "A metered trip as the meter closed it.",
)  # fmt: skip

EVENTS = Kind(
    "events", ("event_id",), "time",
    (
        _id("event_id", "事件编号", required=True),
        _VEHICLE,
        _time("time", "时间", "发生时间", required=True),
        _choice("kind", EVENT_KINDS, "事件类型", required=True),
        _DRIVER_IF_KNOWN,
        _number("value", "数值", low=-1e9, high=1e9),
        _number("confidence", "置信度", high=1),
        _number("duration_s", "持续时间", high=7 * _DAY_S),
        _whole("level", "等级", high=9),
        _text("media", "附件"),
        # Several are joined by `;`.
        _text("media_sha256", "附件校验"),
        _text("source", "来源"),
    ),
    "Something a device of the car reported.",
)  # fmt: skip

DEVICE_STATUS = Kind(
    "device_status", ("vehicle_id", "device", "from"), "from",
    (
        _VEHICLE,
        _choice("device", DEVICES, "设备", required=True),
        _time("from", "开始时间", required=True),
        _time("to", "结束时间", about="empty while it lasts"),
        _choice("state", ("ok", "down", "degraded"), "状态", required=True,
                words={"正常": "ok", "故障": "down", "降级": "degraded"}),
        _text("detail", "说明"),
    ),
    "A span in which a device worked, failed or half worked.",
)  # fmt: skip

ORDERS = Kind(
    "orders", ("order_id",), "pickup_due",
    (
        _id("order_id", "订单号", required=True),
        _VEHICLE,
        _DRIVER_IF_KNOWN,
        _time("accepted_at", "接单时间", required=True),
        _time("pickup_due", "约定上车时间", required=True),
        _lon("pickup_lon", "上车经度"),
        _lat("pickup_lat", "上车纬度"),
        _choice("outcome", ("served", "driver_cancelled", "passenger_cancelled", "no_show"), "结果", required=True),
        _time("cancelled_at", "取消时间"),
        _text("cancel_reason", "取消原因"),
    ),
    "A booked ride that a driver accepted.",
)  # fmt: skip

COMPLAINT_CATEGORIES: Final = (
    "refusal", "bargaining", "overcharge", "detour", "discourtesy", "forced_sharing", "transfer", "abandonment",
    "no_receipt", "off_meter", "unclean", "lost_property", "smoking", "phone", "dangerous_driving", "other",
)  # fmt: skip

COMPLAINTS = Kind(
    "complaints", ("complaint_id",), "received_at",
    (
        _id("complaint_id", "投诉编号", required=True),
        _time("received_at", "受理时间", required=True),
        _choice("category", COMPLAINT_CATEGORIES, "投诉类别", required=True),
        _time("happened_at", "事发时间"),
        _VEHICLE_IF_KNOWN,
        _DRIVER_IF_KNOWN,
        _id("trip_id", "行程编号"),
        _text("text", "投诉内容"),
        _time("first_reply_at", "首次回复时间"),
        _time("closed_at", "办结时间"),
        _choice("outcome", ("open", "upheld", "not_upheld", "unfounded"), "处理结果"),
        _flag("cooperated", "是否配合"),
    ),
    "A passenger's complaint; only an upheld one counts.",
)  # fmt: skip

INSPECTION_ITEMS: Final = (
    "clean_vehicle", "clean_dress", "licence_shown", "papers_carried", "roof_light", "price_label",
    "fire_extinguisher", "receipt_given", "meter_seal", "camera_works", "terminal_works", "no_soliciting",
    "queue_order", "cooperated",
)  # fmt: skip

INSPECTIONS = Kind(
    "inspections", ("inspection_id",), "at",
    (
        _id("inspection_id", "检查编号", required=True),
        _time("at", "检查时间", required=True),
        _id("inspector", "检查人员", required=True),
        _VEHICLE,
        _DRIVER_IF_KNOWN,
        _id("zone_id", "区域编号"),
        Column("items", "json", required=True, aliases=("检查项目",), choices=INSPECTION_ITEMS,
               about="JSON object: item -> pass, fail or not checked"),
        _text("note", "备注"),
        _text("media", "附件"),
    ),
    "What an inspector saw.",
)  # fmt: skip

COMMENDATIONS = Kind(
    "commendations", ("commendation_id",), "at",
    (
        _id("commendation_id", "表扬编号", required=True),
        _time("at", "时间", required=True),
        _DRIVER,
        _choice("kind", ("lost_property_returned", "bravery", "helped_enforcement", "public_welfare",
                         "passenger_praise"), "类别", required=True),
        _text("proof", "证明材料"),
    ),
    "Something good a driver did, with its proof.",
)  # fmt: skip

RECORDS = Kind(
    "records", ("record_id",), "at",
    (
        _id("record_id", "记录编号", required=True),
        _time("at", "时间", required=True),
        _DRIVER,
        _choice("kind", ("fatal_accident_liable", "injury_accident_liable", "no_operating_permit",
                         "handed_to_unlicensed", "licence_leased", "illegal_stoppage", "meter_altered",
                         "inspection_refused", "licence_forged", "traffic_violation"), "类别", required=True),
        _id("document_no", "文书号"),
        _text("detail", "说明"),
    ),
    "An official document about a driver.",
)  # fmt: skip

REPAIRS = Kind(
    "repairs", ("ticket_id",), "reported_at",
    (
        _id("ticket_id", "工单编号", required=True),
        _VEHICLE,
        _choice("device", (*DEVICES, "vehicle"), "设备", required=True),
        _time("reported_at", "报修时间", required=True),
        _time("repaired_at", "修复时间"),
        _text("cause", "原因"),
        _text("reported_by", "报修人"),
        _text("supplier", "维修商"),
        _text("part_maker", "配件厂商"),
        _id("part_serial", "配件编号"),
        _choice("part_grade", ("original", "equivalent", "refurbished", "unknown"), "配件等级"),
        _yuan("price_yuan", "价格"),
        _date("reverified_on", "重新检定日期"),
    ),
    "A fault reported and how it was mended.",
)  # fmt: skip

EXCUSES = Kind(
    "excuses", ("excuse_id",), "from",
    (
        _id("excuse_id", "豁免编号", required=True),
        _choice("scope", ("vehicle", "company", "zone", "road", "city"), "范围", required=True),
        _id("scope_id", "范围编号"),
        _time("from", "开始时间", required=True),
        _time("to", "结束时间", required=True),
        _choice("cause", ("maintenance", "road_closure", "police_order", "carrier_outage", "force_majeure",
                          "customer_equipment", "other"), "原因", required=True),
        Column("rules", "names", aliases=("规则",), about="names joined by ;, empty for all"),
        _text("proof", "证明材料"),
        _text("approved_by", "批准人", about="without it the excuse excuses nothing"),
    ),
    "A cause that excuses, with its proof and who approved it.",
)  # fmt: skip

ZONES = Kind(
    "zones", ("zone_id",), None,
    (
        _id("zone_id", "区域编号", required=True),
        _text("name", "名称", required=True),
        _choice("kind", ("hub", "bay", "holding", "set_down", "no_pickup", "city", "tunnel"), "类别", required=True),
        _id("hub_id", "枢纽编号"),
        _date("valid_from", "生效日期"),
        _date("valid_to", "失效日期", about="that day included"),
        _text("hours", "时段", about="HH:MM-HH:MM joined by ;, may cross midnight"),
        _number("max_wait_min", "最长等候"),
        _flag("loading", "允许上客"),
        Column("geometry", "json", required=True, about="GeoJSON Polygon or MultiPolygon, WGS-84"),
    ),
    "An area of the city.",
)  # fmt: skip

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        COMPANIES, DRIVERS, VEHICLES, SHIFTS, POSITIONS, TRIPS, EVENTS, DEVICE_STATUS, ORDERS, COMPLAINTS,
        INSPECTIONS, COMMENDATIONS, RECORDS, REPAIRS, EXCUSES, ZONES,
    )
}  # fmt: skip

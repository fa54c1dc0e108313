"""Why something was not taken or not done, by the word the inside says it in."""

from typing import Final

from taxi_qa.web.translate import lazy_gettext

# Why the desk does not allow a step (`review.states.REFUSALS`).
REFUSALS: Final = {
    "company": lazy_gettext("您属于出租车企业：不得办理本企业或同行企业的案件。"),
    "own_case": lazy_gettext("这是您本人的案件，不得由您办理。"),
    "decided_already": lazy_gettext("您已在本案中作过决定，须由另一人办理。"),
    "nobody_named": lazy_gettext("本案没有指明驾驶员，不能扣分。"),
    "lead": lazy_gettext("本案是试行规则的线索，不能扣分。"),
    "weak": lazy_gettext("只有单一来源，在另有来源印证之前仅供参考。"),
    "other_driver": lazy_gettext("这是另一位驾驶员的案件。"),
    "late": lazy_gettext("办理期限已过。"),
    "not_late": lazy_gettext("期限未到。"),
    "people_dismissed": lazy_gettext("本案已由人驳回。"),
    "state": lazy_gettext("案件当前状态不允许这一步。"),
    "role": lazy_gettext("这一步由其他身份的人办理。"),
    "order": lazy_gettext("时间早于上一步，请稍后再试。"),
    "reason": lazy_gettext("请选择理由。"),
    "note_needed": lazy_gettext("选择“其他”时须写明说明。"),
    "too_long": lazy_gettext("写的字太多，请缩短。"),
    "too_many_files": lazy_gettext("附件太多，请只留最要紧的几个。"),
    "other_company": lazy_gettext("这不是您企业的案件。"),
    "referred_already": lazy_gettext("企业已经提请过本案，请等审核员审阅。"),
    "other": lazy_gettext("案件的记录前后不一致，暂时不能办理。请告诉系统管理员案件编号。"),
}
# Why a file that somebody sends is not taken (`store.evidence`).
FILE_REFUSALS: Final = {
    "too_large": lazy_gettext("文件太大。请拍得小一些，或者分成几个。"),
    "kind": lazy_gettext("只收 JPEG、PNG 照片，PDF 和 MP4 视频。"),
}
# Why an account is not made (`store.accounts`).
ACCOUNT_REFUSALS: Final = {
    "taken": lazy_gettext("已有同名账号，请换一个用户名。"),
    "name": lazy_gettext("用户名应为 1 至 64 个字，首尾不能有空格。"),
    "role": lazy_gettext("请选择身份。"),
    "driver_id": lazy_gettext("驾驶员账号必须填写从业资格证号，其他身份不填。"),
    "company_id": lazy_gettext("企业管理员账号必须填写企业，其他身份不填。"),
    "zones": lazy_gettext("只有稽查员可以限定区域；区域写编号，用分号隔开。"),
}
